import { COMMANDS } from "../../src/cli/commands/command-table.ts";
import type { CommandRow } from "../../src/cli/commands/command-row.ts";
import { EXIT } from "../../src/cli/exit-code.ts";
import { type Flag, longOf } from "../../src/flag.ts";
import { cell } from "./cell.ts";

/** The page of all commands, from the one table of them. */
export function commandsPage(): string {
  return [
    "# Commands",
    "Results go to stdout, progress and diagnostics to stderr. A terminal is asked for approval; a pipe is never asked.",
    ...COMMANDS.flatMap((row: CommandRow) => section(row)),
  ].join("\n\n");
}

function section(row: CommandRow): readonly string[] {
  const words = row.arguments.map(({ name, optional, several }) => {
    const word = `${name.toUpperCase()}${several === true ? "…" : ""}`;
    return optional === true ? `[${word}]` : word;
  });
  const flags = Object.entries(row.flags);
  const exits = row.exits.map((name) => EXIT[name]).toSorted((one, other) => one - other);
  return [
    `## capstan ${row.name}`,
    `${sentence(row.summary)}`,
    `\`capstan ${[row.name, ...words].join(" ")}\``,
    ...(row.arguments.length === 0
      ? []
      : [["| argument | |", "|---|---|", ...row.arguments.map(({ name, says }) => `| \`${name}\` | ${cell(says)} |`)].join("\n")]),
    ...(flags.length === 0
      ? []
      : [["| flag | |", "|---|---|", ...flags.map(([name, flag]) => flagRow(name, flag))].join("\n")]),
    ...(row.more ?? []),
    ...(row.examples.length === 0 ? [] : [["```sh", ...row.examples, "```"].join("\n")]),
    `Ends with ${[...new Set([...exits, EXIT.error])].toSorted((one, other) => one - other).join(", ")}. [What they mean](codes.md#exit-codes).`,
  ];
}

function flagRow(name: string, flag: Flag): string {
  const typed = [
    ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    `${longOf(name, flag)}${flag.value === undefined ? "" : flag.inline === true ? `[=${flag.value.toUpperCase()}]` : ` ${flag.value.toUpperCase()}`}`,
  ].join(", ");
  const more = [
    ...(flag.choices === undefined ? [] : [`one of ${flag.choices.map((one) => `\`${one}\``).join(", ")}`]),
    ...(flag.default === undefined ? [] : [`default \`${flag.default}\``]),
    ...(flag.variable === undefined ? [] : [`\`${flag.variable}\` stands for it`]),
    ...(flag.required === true ? ["required"] : []),
  ];
  return `| \`${typed}\` | ${cell([flag.says, ...more].join("; "))} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
