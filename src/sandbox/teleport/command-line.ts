/** Reads a command line the way Go's kingpin does, with its error texts. */

export interface CommandSpec {
  /** `["auth", "rotate"]`. */
  readonly path: readonly string[];
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** Names of positional arguments, required ones first. */
  readonly arguments: readonly { readonly name: string; readonly required: boolean }[];
}

export interface FlagSpec {
  readonly short?: string;
  readonly boolean?: boolean;
  /** Every value counts, not only the last. */
  readonly repeatable?: boolean;
  readonly default?: string;
  /** The only values it takes. */
  readonly enum?: readonly string[];
}

export interface Invocation {
  readonly command: CommandSpec;
  /** Given or default values; a boolean is `"true"`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly given: ReadonlySet<string>;
  /** All values of flags that were given, in order. */
  readonly repeated: Readonly<Record<string, readonly string[]>>;
  readonly arguments: readonly string[];
}

export class CommandLineError extends Error {
  /** The command that was used wrongly; `null` when no command or flag of that name exists. */
  readonly of: readonly string[] | null;

  constructor(message: string, of: readonly string[] | null = null) {
    super(message);
    this.of = of;
  }
}

/** Throws `CommandLineError` with kingpin's text. */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly CommandSpec[],
  globals: Readonly<Record<string, FlagSpec>>,
): Invocation {
  const path: string[] = [];
  const positional: string[] = [];
  const values: Record<string, string> = {};
  const given = new Set<string>();
  const repeated: Record<string, string[]> = {};
  const rest = [...argv];
  let flagsEnded = false;

  const candidates = () =>
    commands.filter((command) => path.every((word, index) => command.path[index] === word));
  const command = () => commands.find((known) => known.path.join(" ") === path.join(" "));
  const flagNamed = (name: string) => command()?.flags[name] ?? globals[name];

  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!flagsEnded && word === "--") {
      flagsEnded = true;
    } else if (!flagsEnded && word.startsWith("--")) {
      const [name = "", attached] = split(word.slice(2));
      const negated = name.startsWith("no-") ? name.slice(3) : null;
      const flag = flagNamed(name);
      if (flag !== undefined) take(name, flag, attached);
      else if (negated !== null && flagNamed(negated)?.boolean) take(negated, { boolean: true }, "false");
      else throw new CommandLineError(`unknown long flag '--${name}'`);
    } else if (!flagsEnded && word.startsWith("-") && word.length > 1) {
      const letter = word.charAt(1);
      const named = Object.entries({ ...globals, ...command()?.flags }).find(
        ([, flag]) => flag.short === letter,
      );
      if (named === undefined) throw new CommandLineError(`unknown short flag '-${letter}'`);
      take(named[0], named[1], word.length > 2 ? word.slice(2).replace(/^=/, "") : undefined);
    } else if (command() === undefined) {
      if (!candidates().some((known) => known.path[path.length] === word)) {
        throw new CommandLineError(`expected command but got "${word}"`);
      }
      path.push(word);
    } else {
      positional.push(word);
    }
  }

  function take(name: string, flag: FlagSpec, attached: string | undefined): void {
    const value = attached ?? (flag.boolean ? "true" : rest.shift());
    if (value === undefined) throw new CommandLineError(`expected argument for flag '--${name}'`, path);
    if (flag.enum !== undefined && !flag.enum.includes(value)) {
      throw new CommandLineError(`enum value must be one of ${flag.enum.join(",")}, got '${value}'`, path);
    }
    if (given.has(name) && flag.repeatable !== true && flag.boolean !== true) {
      throw new CommandLineError(`flag '${name}' cannot be repeated`, path);
    }
    values[name] = value;
    repeated[name] = [...(repeated[name] ?? []), value];
    given.add(name);
  }

  const found = command();
  if (found === undefined) {
    throw new CommandLineError(path.length === 0 ? "command not specified" : "must select a subcommand");
  }
  const missing = found.arguments.slice(positional.length).find((argument) => argument.required);
  if (missing !== undefined) {
    throw new CommandLineError(`required argument '${missing.name}' not provided`, path);
  }
  if (positional.length > found.arguments.length) {
    throw new CommandLineError(`unexpected ${positional[found.arguments.length]}`, path);
  }
  for (const [name, flag] of Object.entries({ ...globals, ...found.flags })) {
    if (flag.default !== undefined) values[name] ??= flag.default;
  }
  return { command: found, flags: values, given, repeated, arguments: positional };
}

function split(text: string): readonly [string, string?] {
  const at = text.indexOf("=");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
