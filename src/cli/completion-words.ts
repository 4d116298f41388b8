import { type Flag, longOf } from "../flag.ts";
import type { CommandRow } from "./commands/command-row.ts";
import { COMMANDS, GROUPS } from "./commands/command-table.ts";

/** What may be typed next, for all shells alike. */
export interface CompletedPlace {
  /** The words of the command that stand there already: none, `rotate`, `rotate start`. */
  readonly after: string;
  /** Words that may follow, each with what it means. */
  readonly words: readonly (readonly [word: string, says: string])[];
  readonly flags: readonly CompletedFlag[];
  /** Whether a word there may be the name of a file. */
  readonly files: boolean;
}

/** A flag as it is typed. */
export interface CompletedFlag {
  /** `--out`, and its letter where it has one. */
  readonly names: readonly string[];
  readonly says: string;
  readonly value: "none" | "file" | "word";
  readonly choices: readonly string[];
}

/** Every place of a command line, from the table of commands. */
export function places(): readonly CompletedPlace[] {
  const rows: readonly CommandRow[] = COMMANDS;
  const single = rows.filter(({ name }) => !name.includes(" "));
  const top = [...single, ...GROUPS].map(({ name, summary }) => [name, summary] as const);
  return [
    { after: "", words: top, flags: [HELP, VERSION], files: false },
    ...GROUPS.map(({ name: group }) => ({
      after: group,
      words: rows
        .filter(({ name }) => name.startsWith(`${group} `))
        .map(({ name, summary }) => [name.slice(group.length + 1), summary] as const),
      flags: [HELP],
      files: false,
    })),
    ...rows.map((row) => ({
      after: row.name,
      words: row.name === "completion" ? SHELL_WORDS : [],
      flags: [...Object.entries(row.flags).map(([name, flag]) => completed(name, flag)), HELP],
      files: row.arguments.some(({ name }) => IS_FILE.test(name)),
    })),
  ];
}

const HELP: CompletedFlag = {
  names: ["--help", "-h"],
  says: "what can be typed",
  value: "none",
  choices: [],
};
const VERSION: CompletedFlag = {
  names: ["--version", "-V"],
  says: "its version",
  value: "none",
  choices: [],
};

/** The shells that can load what `capstan completion` prints. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
const SHELL_WORDS = SHELLS.map((shell) => [shell, `completion for ${shell}`] as const);

const IS_FILE = /^(dir|folder|file|files|plan|prefix)$/;

function completed(name: string, flag: Flag): CompletedFlag {
  const { short, says, value, choices = [] } = flag;
  return {
    names: [longOf(name, flag), ...(short === undefined ? [] : [`-${short}`])],
    says,
    // Its value stands behind `=` only: nothing is completed after it.
    value: value === undefined || flag.inline === true ? "none" : IS_FILE.test(value) ? "file" : "word",
    choices,
  };
}
