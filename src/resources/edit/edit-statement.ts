import { isMap, isScalar, isSeq, stringify, type YAMLMap } from "yaml";
import { editResource, lastOffsetOf, lineEndOf, rangeOf, type Splice, type Wanted } from "./edit-text.ts";

/** What people write about a rotation or a CA, as it stands in YAML; in the order in which it is to be read. */
export type WrittenStatement =
  | { readonly guard: string; readonly subject: string; readonly reason: string; readonly expires: string }
  | {
      readonly step: string;
      readonly who: string;
      readonly note?: string;
      readonly evidence?: string;
      readonly at: string;
    };

/**
 * Adds to `spec.waive` or `spec.acknowledge` of a resource, at the end of the list, which is begun where there is none.
 * Every other byte of the file stays. Throws a `Failure` where none of the ways to write it fits.
 */
export function addStatement(
  text: string,
  wanted: Wanted,
  field: "waive" | "acknowledge",
  statement: WrittenStatement,
): string {
  return editResource(text, wanted, ["spec"], (current, node) => {
    const spec = current as Readonly<Record<string, readonly unknown[] | null | undefined>>;
    const value = { ...spec, [field]: [...(spec[field] ?? []), statement] };
    return { value, splice: isMap(node) ? spliceIn(node, text, field, statement) : null };
  });
}

function spliceIn(spec: YAMLMap, text: string, field: string, statement: WrittenStatement): Splice | null {
  if (spec.flow === true) return null;
  const [first] = spec.items;
  const pair = spec.items.find(({ key }) => isScalar(key) && key.value === field);
  const list = pair?.value;
  if (pair === undefined) {
    const indent = indentOf(text, first?.key);
    return below(text, lastOffsetOf(spec), [`${indent}${field}:`, ...itemLines(statement, `${indent}  `)]);
  }
  if (isSeq(list) && list.items.length > 0) {
    const last = list.items.at(-1);
    if (list.flow === true) {
      const end = rangeOf(last)[1];
      return { start: end, end, text: `, ${flowItem(statement)}` };
    }
    const lead = leadOf(text, last);
    return lead === null ? null : below(text, lastOffsetOf(list), itemLines(statement, lead));
  }
  // `[]`, or nothing behind its key.
  const indent = indentOf(text, pair.key);
  const colon = text.indexOf(":", rangeOf(pair.key)[1]) + 1;
  const end = isSeq(list) ? rangeOf(list)[1] : colon;
  const lines = itemLines(statement, `${indent}  `).map((line) => lineEndOf(text) + line);
  return { start: colon, end, text: lines.join("") };
}

function itemLines(statement: WrittenStatement, indent: string): readonly string[] {
  return Object.entries(statement).map(
    ([key, value], index) => `${indent}${index === 0 ? "- " : "  "}${key}: ${scalar(value)}`,
  );
}

function flowItem(statement: WrittenStatement): string {
  const fields = Object.entries(statement).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `{ ${fields.join(", ")} }`;
}

/** Plain where that means the same; else in quotes, on one line. */
function scalar(value: string): string {
  const written = stringify(value, { lineWidth: 0 }).trimEnd();
  return written.includes("\n") ? JSON.stringify(value) : written;
}

/** Behind the line on which something ends: a comment beside it stays with it. */
function below(text: string, offset: number, lines: readonly string[]): Splice {
  const lineFeed = text.indexOf("\n", offset);
  const lineEnd = lineEndOf(text);
  const joined = lines.join(lineEnd);
  if (lineFeed < 0) return { start: text.length, end: text.length, text: `${lineEnd}${joined}${lineEnd}` };
  return { start: lineFeed + 1, end: lineFeed + 1, text: `${joined}${lineEnd}` };
}

function indentOf(text: string, key: unknown): string {
  const [start] = rangeOf(key);
  return " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
}

/** What stands before an item up to its dash; `null` where something else stands there too. */
function leadOf(text: string, item: unknown): string | null {
  const [start] = rangeOf(item);
  const lead = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  return /^[ \t]*-[ \t]+$/.test(lead) ? lead.slice(0, lead.indexOf("-")) : null;
}
