import { type ParseArgsConfig, parseArgs } from "node:util";

/** Flags as cobra takes them: anywhere, `--flag value`, `--flag=value`, lists by comma or by repetition. */
export interface FlagTable {
  readonly [long: string]: { readonly kind: "text" | "list" | "switch"; readonly short?: string };
}

export interface CobraFlags {
  readonly words: readonly string[];
  text(long: string): string | undefined;
  list(long: string): readonly string[];
  /** Repeated, but not split at commas. */
  each(long: string): readonly string[];
  on(long: string, otherwise?: boolean): boolean;
}

export class UsageError extends Error {}

export function parseFlags(argv: readonly string[], table: FlagTable): CobraFlags {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: optionsOf(table),
  });
  const words: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const flag = table[token.name];
    if (flag === undefined) {
      throw new UsageError(
        token.rawName.startsWith("--")
          ? `unknown flag: ${token.rawName}`
          : `unknown shorthand flag: '${token.name}' in ${token.rawName}`,
      );
    }
    values.set(token.name, [...(values.get(token.name) ?? []), flagValue(token, flag.kind)]);
  }
  const each = (long: string): readonly string[] => values.get(long) ?? [];
  return {
    words,
    each,
    text: (long) => each(long).at(-1),
    list: (long) =>
      each(long)
        .flatMap((value) => value.split(","))
        .filter((one) => one !== ""),
    on: (long, otherwise = false) => {
      const last = each(long).at(-1);
      return last === undefined ? otherwise : last === "true" || last === "1";
    },
  };
}

function flagValue(
  token: { rawName: string; name: string; value: string | undefined },
  kind: string,
): string {
  if (kind === "switch") return token.value ?? "true";
  if (token.value === undefined) throw new UsageError(`flag needs an argument: ${token.rawName}`);
  // `-o=json` is `-o json` for cobra.
  return token.rawName.startsWith("--") ? token.value : token.value.replace(/^=/, "");
}

/** The first word that is not the value of one of these flags: the command. */
export function firstWord(argv: readonly string[], table: FlagTable): string | undefined {
  const { positionals } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    options: optionsOf(table),
  });
  return positionals[0];
}

/** As Node's own parser wants them; a flag may stand several times, and the last one counts. */
function optionsOf(table: FlagTable): NonNullable<ParseArgsConfig["options"]> {
  return Object.fromEntries(
    Object.entries(table).map(([long, { kind, short }]) => [
      long,
      {
        type: kind === "switch" ? "boolean" : "string",
        multiple: true,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
}
