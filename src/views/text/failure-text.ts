import { harmless } from "../harmless.ts";
import { COLUMNS, paragraph } from "./columns.ts";

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100;

/** What is to be copied or parsed, and not read: a line that is a command, or JSON. */
const VERBATIM = /^\s*(?:capstan|git|age-keygen|[[{"]|--|\d* \|)/;

/**
 * An error for people: what was tried and seen, then what to do. It comes from anywhere, so nothing in it may move the
 * cursor. `columns` is the width of the terminal; none in a pipe.
 */
export function failureText(
  { message, remedy }: { readonly message: string; readonly remedy: string | null },
  columns: number | undefined,
): string {
  const width = columns === undefined ? COLUMNS : Math.max(40, Math.min(columns, WIDEST));
  const hint = remedy === null ? [] : wrapped(`→ ${remedy}`, "  ", width);
  return `${[...wrapped(`capstan: ${message}`, "", width), ...hint].join("\n")}\n`;
}

/** Line by line, as a message may have several; each keeps its indentation. */
function wrapped(text: string, indent: string, width: number): string[] {
  return text.split("\n").map((line, index) => {
    const [own = ""] = /^ */.exec(line) ?? [];
    const clean = harmless(line.trimStart());
    if (index > 0 && VERBATIM.test(clean)) return `${own}${clean}`;
    const lead = index === 0 ? indent : own;
    return paragraph(clean, lead, `${lead}  `, width);
  });
}
