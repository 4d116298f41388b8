import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** Text output is made for this many columns. */
export const COLUMNS = 80;

/** Stands for a space at which no line may end; private, and one column wide. */
const GLUE = "\ue000";

/** What somebody copies from between backticks; longer than this it is no command. */
const QUOTED = /`[^`\n]{1,160}`/g;

/**
 * Wraps at words to the column limit; every line gets the indentation, lines after the first the hanging one. A command
 * between backticks stays on one line, so that it can be copied, be the line as long as it is.
 */
export function paragraph(text: string, indent: string, hanging = indent, columns = COLUMNS): string {
  const glued = text.replaceAll(GLUE, " ").replaceAll(QUOTED, (quoted) => quoted.replaceAll(" ", GLUE));
  const [indented, ...lines] = wrapAnsi(`${indent}${glued}`, columns, { trim: false }).split("\n");
  if (indented === undefined || lines.length === 0) return `${indent}${text}`;
  const rest = wrapAnsi(lines.join("").trim(), columns - stringWidth(hanging)).split("\n");
  const hung = rest.map((line) => `${hanging}${line}`);
  // A first word that is wider than the columns leaves nothing before it.
  const wrapped = indented.trim() === "" ? hung : [indented.trimEnd(), ...hung];
  return wrapped.join("\n").replaceAll(GLUE, " ");
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
