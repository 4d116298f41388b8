import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { harmless as drawable } from "../harmless.ts";

/** Text output is made for this many columns. */
export const COLUMNS = 80;

/**
 * What a cluster calls its machines cannot be trusted: escape sequences, line breaks and bidirectional overrides
 * would let a host name rewrite the plan that a person approves. In lines of text a sequence goes without a trace.
 */
export function harmless(text: string): string {
  return drawable(stripVTControlCharacters(text));
}

/** Wraps at words to the column limit; every line gets the indentation, lines after the first the hanging one. */
export function paragraph(text: string, indent: string, hanging = indent): string {
  const [indented, ...lines] = wrapAnsi(`${indent}${text}`, COLUMNS, { trim: false }).split("\n");
  if (indented === undefined || lines.length === 0) return `${indent}${text}`;
  const rest = wrapAnsi(lines.join("").trim(), COLUMNS - stringWidth(hanging)).split("\n");
  const hung = rest.map((line) => `${hanging}${line}`);
  // A first word that is wider than the columns leaves nothing before it.
  return (indented.trim() === "" ? hung : [indented.trimEnd(), ...hung]).join("\n");
}

/** Rows of cells, each column as wide as its widest cell; the last column is not padded. */
export function table(rows: readonly (readonly string[])[], indent: string): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    }
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const last = column === row.length - 1;
        return last ? cell : cell + " ".repeat((widths[column] ?? 0) - stringWidth(cell));
      });
      return `${indent}${cells.join("  ").trimEnd()}`;
    })
    .join("\n");
}

/** `1 node`, `3 nodes`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
