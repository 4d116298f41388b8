import { Failure } from "../failure.ts";
import { type CompletedFlag, type CompletedPlace, places, SHELLS } from "./completion-words.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** `capstan completion`: what a shell loads so that Tab completes commands and flags. Nothing is run when it does. */
export async function completion({ stdout }: Terminal, shell: string): Promise<ExitCode> {
  const script = SCRIPTS[SHELLS.find((name) => name === shell) ?? ""];
  if (script === undefined) {
    throw new Failure("usage", `there is no completion for "${shell}"`, {
      hint: `there are ${SHELLS.join(", ")}`,
    });
  }
  stdout.write(script(places()));
  return EXIT.ok;
}

const SCRIPTS: Readonly<Record<string, (all: readonly CompletedPlace[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The words that make up the command so far: flags, and what belongs to them, are passed over. */
function commandCases(all: readonly CompletedPlace[]): string {
  return all
    .filter(({ after }) => after !== "")
    .map(({ after }) => {
      const [first = "", second] = after.split(" ");
      return second === undefined ? `" ${first}"` : `"${first} ${second}"`;
    })
    .join(" | ");
}

function bashScript(all: readonly CompletedPlace[]): string {
  const cases = all.map(({ after, words, flags, files }) => {
    const typed = [...words.map(([word]) => word), ...flags.flatMap(({ names }) => names)];
    const rest = files ? 'COMPREPLY+=($(compgen -f -- "$cur"))' : ":";
    return `    "${after}")
      case "$prev" in
${valueCases(flags, (choices) => `COMPREPLY=($(compgen -W "${choices}" -- "$cur"))`, 'COMPREPLY=($(compgen -f -- "$cur"))')}
        *) COMPREPLY=($(compgen -W "${typed.join(" ")}" -- "$cur")); ${rest} ;;
      esac ;;`;
  });
  return `# bash completion of capstan: eval "$(capstan completion bash)"
_capstan() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" command="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$command \${COMP_WORDS[index]}" in
      ${commandCases(all)}) command="\${command:+$command }\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$command" in
${cases.join("\n")}
  esac
}
complete -o filenames -F _capstan capstan
`;
}

/** Where the word before is a flag that takes a value. */
function valueCases(
  flags: readonly CompletedFlag[],
  choose: (choices: string) => string,
  file: string,
): string {
  return flags
    .filter(({ value }) => value !== "none")
    .map(({ names, value, choices }) => {
      const reply = choices.length > 0 ? choose(choices.join(" ")) : value === "file" ? file : ":";
      return `        ${names.join(" | ")}) ${reply} ;;`;
    })
    .join("\n");
}

function zshScript(all: readonly CompletedPlace[]): string {
  const cases = all.map(({ after, words, flags, files }) => {
    const told = (list: readonly (readonly [string, string])[]) =>
      list.map(([word, says]) => quoted(`${word.replaceAll(":", "\\:")}:${says}`)).join(" ");
    const options = flags.flatMap(({ names, says }) => names.map((name) => [name, says] as const));
    return `    "${after}")
      case "$prev" in
${valueCases(flags, (choices) => `compadd -- ${choices}`, "_files")}
        *)
          list=(${told(words)}); (( $#list )) && _describe command list
          list=(${told(options)}); [[ "$PREFIX" == -* ]] && _describe -o option list
          ${files ? "_files" : ":"} ;;
      esac ;;`;
  });
  return `#compdef capstan
# zsh completion of capstan: source <(capstan completion zsh)
_capstan() {
  local prev="\${words[CURRENT - 1]}" command="" index
  local -a list
  for ((index = 2; index < CURRENT; index++)); do
    case "$command \${words[index]}" in
      ${commandCases(all)}) command="\${command:+$command }\${words[index]}" ;;
    esac
  done
  case "$command" in
${cases.join("\n")}
  esac
}
if [[ "\${funcstack[1]}" == _capstan ]]; then _capstan "$@"; else compdef _capstan capstan; fi
`;
}

function fishScript(all: readonly CompletedPlace[]): string {
  const lines = all.flatMap(({ after, words, flags, files }) => {
    const at = `complete -c capstan -n "__capstan_at '${after}'"`;
    return [
      ...words.map(([word, says]) => `${at} -f -a ${word} -d ${quoted(says)}`),
      ...(files ? [`${at} -F`] : []),
      ...flags.map(({ names, says, value, choices }) => {
        const typed = names.map((name) =>
          name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
        );
        const takes = value === "none" ? "" : value === "file" ? " -r -F" : " -x";
        const choice = choices.length === 0 ? "" : ` -a ${quoted(choices.join(" "))}`;
        return `${at} ${typed.join(" ")}${takes}${choice} -d ${quoted(says)}`;
      }),
    ];
  });
  const known = all.filter(({ after }) => after !== "").map(({ after }) => quoted(after));
  return `# fish completion of capstan: capstan completion fish | source
function __capstan_at
  set -l command ""
  for word in (commandline -opc)[2..]
    set -l longer (string trim -- "$command $word")
    contains -- $longer ${known.join(" ")}; and set command $longer
  end
  test "$command" = "$argv[1]"
end
complete -c capstan -f
${lines.join("\n")}
`;
}

/** Between single quotes, in all three shells: an apostrophe becomes the sign that looks like it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "’").replaceAll("\\", "\\\\")}'`;
}
