import type { Page } from "../explain/page.ts";
import { type Flag, longOf } from "../flag.ts";
import type { CommandRow } from "./commands/command-row.ts";

/** The man page of capstan (man(7)), from the table of commands. `version`: of the package. */
export function manPage(rows: readonly CommandRow[], exits: readonly Page[], version: string): string {
  return `${[
    `.TH CAPSTAN 1 "" "capstan ${escaped(version)}" "User Commands"`,
    ".SH NAME",
    "capstan \\- rotate certificate authorities by commit: plan, review, apply, roll back",
    ".SH SYNOPSIS",
    ".B capstan",
    "\\fICOMMAND\\fR [\\fIFLAG\\fR]...",
    ".SH COMMANDS",
    ...rows.flatMap(commandLines),
    ".SH EXIT STATUS",
    ...exits.flatMap(({ name, means }) => [".TP", `.B ${name}`, escaped(means)]),
    ".SH SEE ALSO",
    "\\fBcapstan explain\\fR \\fIWORD\\fR says more of every guard, phase, code and field.",
    "\\fBgit\\fR(1)",
  ].join("\n")}\n`;
}

function commandLines({ name, summary, arguments: words, flags, examples }: CommandRow): readonly string[] {
  const typed = words.map(({ name: word, optional, several }) => {
    const shown = `\\fI${escaped(word.toUpperCase())}\\fR${several === true ? "..." : ""}`;
    return optional === true ? `[${shown}]` : shown;
  });
  return [
    `.SS "capstan ${escaped(name)}${typed.length === 0 ? "" : ` ${typed.join(" ")}`}"`,
    escaped(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
    ...words.flatMap(({ name: word, says }) => [
      ".TP",
      `\\fI${escaped(word.toUpperCase())}\\fR`,
      escaped(says),
    ]),
    ...Object.entries(flags).flatMap(([key, flag]) => flagLines(key, flag)),
    ...(examples.length === 0 ? [] : [".PP", ".nf", ...examples.map(escaped), ".fi"]),
  ];
}

function flagLines(name: string, flag: Flag): readonly string[] {
  const { short, value, inline, says, choices } = flag;
  const letter = short === undefined ? "" : `\\fB\\-${escaped(short)}\\fR, `;
  const argument =
    value === undefined
      ? ""
      : `${inline === true ? "[=" : " "}\\fI${escaped(value.toUpperCase())}\\fR${inline === true ? "]" : ""}`;
  const more = [
    says,
    ...(choices === undefined ? [] : [`one of ${choices.join(", ")}`]),
    ...(flag.default === undefined ? [] : [`default ${flag.default}`]),
  ];
  return [".TP", `${letter}\\fB${escaped(longOf(name, flag))}\\fR${argument}`, escaped(more.join("; "))];
}

/** Plain text in roff (groff(7)): a dash is a dash, and no line begins with a request. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}
