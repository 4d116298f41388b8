import type { Flags, ValuesOf } from "../../flag.ts";
import type { EXIT, ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";

/** One command as data: from these rows the command line, completion, man pages and reference are made. */
export interface CommandRow {
  /** As it is typed: `plan`, `rotate start`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly flags: Flags;
  /** Lines to paste. */
  readonly examples: readonly string[];
  /** How it may end, besides what every command line may end with: `error`. */
  readonly exits: readonly (keyof typeof EXIT)[];
  /** Lines below the flags in its help. */
  readonly more?: readonly string[];
}

/** A word of a command line that is no flag. */
export interface Argument {
  readonly name: string;
  readonly says: string;
  readonly optional?: true;
  /** All words that are left. */
  readonly several?: true;
}

/** Words that stand before several commands: `rotate`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
}

type WordsOf<Arguments extends readonly Argument[]> = {
  readonly [Index in keyof Arguments]: Arguments[Index] extends { readonly several: true }
    ? readonly string[]
    : Arguments[Index] extends { readonly optional: true }
      ? string | undefined
      : string;
};

/** What runs a command: it gets exactly the arguments and flags that its row names. */
export type Handler<Row extends CommandRow> = (
  terminal: Terminal,
  ...given: [...WordsOf<Row["arguments"]>, ValuesOf<Row["flags"]>]
) => Promise<ExitCode>;

/** Keeps the literal types of a row. */
export function row<const Row extends CommandRow>(declared: Row): Row {
  return declared;
}
