import { isSeq, type Node } from "yaml";
import type { Fingerprint } from "../../rotation/observation.ts";
import { type Change, editResource, lineEndOf, rangeOf, replaceScalar, type Splice } from "./edit-text.ts";

/** Which `certificate_authority` of a file is meant. */
export interface AuthorityReference {
  readonly cluster: string;
  readonly type: string;
}

/**
 * Sets `spec.active_keys` of a `certificate_authority` to a set of keys. Items that stay are not touched, nor is
 * their order; one that goes gives its place to one that comes.
 */
export function setActiveKeys(
  text: string,
  { cluster, type }: AuthorityReference,
  keys: readonly Fingerprint[],
): string {
  if (keys.length === 0) throw new Error("a CA has at least one active key");
  const wanted = { kind: "certificate_authority", name: cluster, subKind: type } as const;
  let edited = text;
  // One item at a time, each edit checked: replace, then append, then remove, so that the list is never empty.
  for (;;) {
    const next = editResource(edited, wanted, ["spec", "active_keys"], oneStepTowards(keys));
    if (next === edited) return edited;
    edited = next;
  }
}

function oneStepTowards(keys: readonly string[]): Change {
  return (current, node, text) => {
    const items = Array.isArray(current) ? (current as readonly unknown[]) : [];
    const missing = keys.find((key) => !items.includes(key));
    const surplus = items.findIndex(
      (item, index) => !keys.includes(String(item)) || items.indexOf(item) < index,
    );
    if (missing === undefined && surplus < 0) return null;
    if (!isSeq(node)) return { value: keys, splice: null };
    const nodes = node.items as readonly Node[];
    if (missing !== undefined && surplus >= 0) {
      const splice = replaceScalar(nodes[surplus] as Node, missing);
      return { value: items.with(surplus, missing), splice };
    }
    if (missing !== undefined) {
      const last = nodes.at(-1);
      const splice = node.flow ? appendToFlow(last, missing, text) : appendLine(last, missing, text);
      return { value: [...items, missing], splice };
    }
    const splice = node.flow ? removeFromFlow(nodes, surplus) : removeLine(nodes[surplus], text);
    return { value: items.toSpliced(surplus, 1), splice };
  };
}

/** What stands before an item on its line. */
function leadOf(node: unknown, text: string): { readonly lineStart: number; readonly lead: string } {
  const [start] = rangeOf(node);
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  return { lineStart, lead: text.slice(lineStart, start) };
}

/** Indentation and dash alone, without an anchor or a second dash. */
const BLOCK_LEAD = /^[ \t]*-[ \t]+$/;

function appendLine(last: unknown, key: string, text: string): Splice | null {
  const { lead } = leadOf(last, text);
  if (!BLOCK_LEAD.test(lead)) return null;
  const lineEnd = endOfLine(text, rangeOf(last)[1]);
  return { start: lineEnd, end: lineEnd, text: lineEndOf(text) + lead + key };
}

function removeLine(node: unknown, text: string): Splice | null {
  const { lineStart, lead } = leadOf(node, text);
  if (!BLOCK_LEAD.test(lead)) return null;
  const lineFeed = text.indexOf("\n", rangeOf(node)[1]);
  if (lineFeed >= 0) return { start: lineStart, end: lineFeed + 1, text: "" };
  // The last line of a file that does not end its last line: it takes the line end before it along.
  return { start: endOfLine(text, lineStart - 1), end: text.length, text: "" };
}

function appendToFlow(last: unknown, key: string, text: string): Splice {
  const [, end] = rangeOf(last);
  const { lead } = leadOf(last, text);
  const separator = /^\s+$/.test(lead) ? `,${lineEndOf(text)}${lead}` : ", ";
  return { start: end, end, text: separator + key };
}

function removeFromFlow(nodes: readonly Node[], index: number): Splice {
  const [start, end] = rangeOf(nodes[index]);
  const next = nodes[index + 1];
  if (next !== undefined) return { start, end: rangeOf(next)[0], text: "" };
  return { start: rangeOf(nodes[index - 1])[1], end, text: "" };
}

/** Before the line's end, whichever it is. */
function endOfLine(text: string, offset: number): number {
  const lineFeed = text.indexOf("\n", offset);
  if (lineFeed < 0) return text.length;
  return text[lineFeed - 1] === "\r" ? lineFeed - 1 : lineFeed;
}
