import { EXIT } from "../../src/cli/exit-code.ts";
import { CODE_PAGES } from "../../src/explain/codes.ts";
import { EXIT_PAGES } from "../../src/explain/exit-codes.ts";
import type { Explained } from "../../src/explain/page.ts";
import { PHASE_PAGES } from "../../src/explain/phases.ts";
import { cell } from "./cell.ts";

/** The page of exit codes, codes of errors and phases, from the tables of `capstan explain`. */
export function codesPage(): string {
  const exits = (Object.keys(EXIT) as (keyof typeof EXIT)[]).map(
    (name) => [String(EXIT[name]), EXIT_PAGES[name]] as const,
  );
  return [
    "# Codes",
    "`capstan explain WORD` prints the same.",
    "## Exit codes",
    "Of several clusters the gravest counts: 130, 1, 4, 5, 6, 3, 2, 0.",
    table("exit", exits),
    "## Codes of errors",
    "`error.code` with `--format json`, and `problem.code` of a cluster in a plan.",
    table("code", Object.entries(CODE_PAGES)),
    "## What an edit prints",
    "`init`, `rotate`, `override`, `hold`, `waive` and `acknowledge` with `--format json`, where they succeed: one object.",
    [
      "| field | is |",
      "|---|---|",
      "| `format_version` | `1.0` |",
      "| `outcome` | `written` or `nothing_written` |",
      "| `files` | what was written, from the folder of the resources |",
      "| `message` | what the text says, a sentence on a line |",
      "| `next` | what comes next, or `null` |",
      "| `problems` | of several clusters those that were left as they are (`cluster`, `code`, `message`, `remedy`): exit 1 |",
    ].join("\n"),
    "## Phases",
    table("phase", Object.entries(PHASE_PAGES)),
  ].join("\n\n");
}

function table(head: string, rows: readonly (readonly [name: string, page: Explained])[]): string {
  return [
    `| ${head} | means | what to do |`,
    "|---|---|---|",
    ...rows.map(([name, { means, why, todo }]) => `| \`${name}\` | ${cell(why === undefined ? means : `${means} ${why}`)} | ${cell(todo ?? "")} |`),
  ].join("\n");
}
