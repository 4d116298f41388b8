import { fieldPages } from "../../src/explain/fields.ts";
import type { Page } from "../../src/explain/page.ts";
import { cell } from "./cell.ts";

/** The page of all fields of all kinds that a person writes, from the pages of `capstan explain`. */
export function resourcesPage(): string {
  const byKind = Map.groupBy(fieldPages(), ({ name }) => name.slice(0, name.indexOf(".")));
  return [
    "# Resources",
    "Every kind has a JSON Schema in `schemas/`, which the loader and editors use. An unknown field is an error with its line, and the nearest known one.",
    ...[...byKind].flatMap(([kind, pages]) => [
      `## ${kind}`,
      ["| field | | |", "|---|---|---|", ...pages.map((page) => row(kind, page))].join("\n"),
    ]),
  ].join("\n\n");
}

/** Its fields have rows of their own. */
function row(kind: string, { name, means, more = [] }: Page): string {
  const notes = more
    .filter(([label]) => label !== "fields")
    .map(([label, text]) => (label === "required" ? label : `${label}: \`${text}\``));
  return `| \`${name.slice(kind.length + 1)}\` | ${cell(means)} | ${cell(notes.join("; "))} |`;
}
