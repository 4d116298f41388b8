import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import type { TalosType } from "../rotation/authority-type.ts";
import type { CaCertificate } from "./certificate.ts";
import {
  child,
  type Layout,
  NAMES,
  type Place,
  parseDocuments,
  placeOf,
  scalarText,
} from "./machine-config.ts";
import type { AuthorityContent } from "./node-state.ts";

/** What is written: certificates, and the key where the machine signs. */
export interface WrittenContent extends AuthorityContent {
  /** PEM; `null` leaves an empty or absent key as it is, as on workers. */
  readonly key: string | null;
}

/**
 * The configuration with another content of one CA. It is edited as text, so that no other byte of it changes:
 * comments, quoting, order and every other document stay as they are (reference talos-rotation 8.4, 8).
 */
export function withAuthority(text: string, type: TalosType, content: WrittenContent): string {
  const documents = parseDocuments(text);
  const place = placeOf(documents, type);
  const edited = splice(text, [
    ...issuingEdits(text, place, content),
    ...acceptedEdits(text, place, content),
  ]);
  insistOnNothingElse(text, edited, type);
  return edited;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function splice(text: string, edits: readonly Edit[]): string {
  const ordered = edits.toSorted((left, right) => right.start - left.start || right.end - left.end);
  return ordered.reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  );
}

function issuingEdits(
  text: string,
  { map, layout }: Place,
  { issuing, key }: WrittenContent,
): readonly Edit[] {
  const names = NAMES[layout];
  const authority = child(map, names.issuing);
  if (issuing === null) return [];
  const certificate = child(authority, names.certificate);
  if (!isScalar(certificate)) throw new Error(`${names.issuing}.${names.certificate} is not text`);
  const edits = [scalarEdit(text, certificate, issuing.pem, layout)];
  const secret = child(authority, "key");
  if (key !== null) {
    if (!isScalar(secret)) throw new Error(`${names.issuing}.key is not text`);
    edits.push(scalarEdit(text, secret, key, layout));
  }
  return edits.filter((edit) => edit.text !== text.slice(edit.start, edit.end));
}

function scalarEdit(text: string, scalar: Scalar, pem: string, layout: Layout): Edit {
  const [start, end] = rangeOf(scalar);
  // What says the same already keeps its spelling.
  if (scalarText(scalar) === encoded(pem, layout)) return { start, end, text: text.slice(start, end) };
  return { start, end, text: scalarSource(text, scalar, pem, layout) };
}

/** The source of a scalar: base64 needs no quotes anywhere, PEM stays a block where it was one. */
function scalarSource(text: string, scalar: Scalar, pem: string, layout: Layout): string {
  if (layout === "fields") return encoded(pem, layout);
  if (scalar.type !== "BLOCK_LITERAL") return JSON.stringify(pem);
  const [start, end] = rangeOf(scalar);
  const first = /\n([ \t]+)\S/.exec(text.slice(start, end));
  return blockSource(text, pem, first?.[1] ?? `${indentAt(text, start)}    `);
}

function blockSource(text: string, pem: string, indent: string): string {
  const newline = newlineOf(text);
  return `|${newline}${pem.replace(/^(?=.)/gm, indent).replaceAll("\n", newline)}`;
}

/** Kept elements are copied with their comments; the list goes when nothing is left in it. */
function acceptedEdits(text: string, place: Place, { accepted }: WrittenContent): readonly Edit[] {
  const { map, layout } = place;
  const name = NAMES[layout].accepted;
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
  const list = pair?.value;
  if (pair === undefined || !isSeq(list)) {
    if (pair !== undefined && accepted.length > 0) return [replaceValue(text, pair, place, accepted)];
    return accepted.length === 0 ? [] : [insertList(text, place, accepted)];
  }
  const present = list.items.map((item) => ({ item, raw: writtenIn(item, layout) }));
  const same =
    present.length === accepted.length &&
    present.every(({ raw }, index) => raw === encoded(accepted[index]?.pem ?? "", layout));
  if (same) return [];
  const source = (certificate: CaCertificate) =>
    present.find(({ raw }) => raw === encoded(certificate.pem, layout))?.item ?? null;
  const items = accepted.map((certificate) => ({ certificate, kept: source(certificate) }));
  return [
    list.flow === true ? flowList(text, list, layout, items) : blockList(text, pair, list, layout, items),
  ];
}

interface Item {
  readonly certificate: CaCertificate;
  /** The element that says so already. */
  readonly kept: unknown;
}

function flowList(text: string, list: YAMLSeq, layout: Layout, items: readonly Item[]): Edit {
  const [start, end] = rangeOf(list);
  const written = items.map(({ certificate, kept }) =>
    kept === null ? flowItem(certificate, layout) : slice(text, kept),
  );
  return { start, end, text: `[${written.join(", ")}]` };
}

function blockList(text: string, pair: Pair, list: YAMLSeq, layout: Layout, items: readonly Item[]): Edit {
  const [start, end] = rangeOf(list);
  if (items.length === 0)
    return { start: lineStart(text, rangeOf(pair.key)[0]), end: lineEnd(text, end), text: "" };
  const indent = indentAt(text, start);
  // From one dash to the next, so that comments stay with the element that they follow.
  const starts = list.items.map((item) => lineStart(text, rangeOf(item)[0]));
  const first = lineStart(text, start);
  const sliceOf = (kept: unknown) => {
    const index = list.items.indexOf(kept);
    return withNewline(text, text.slice(starts[index], starts[index + 1] ?? lineEnd(text, end)));
  };
  const written = items.map(({ certificate, kept }) =>
    kept === null ? blockItem(text, certificate, layout, indent) : sliceOf(kept),
  );
  return { start: first, end: lineEnd(text, end), text: written.join("") };
}

function insertList(text: string, place: Place, accepted: readonly CaCertificate[]): Edit {
  const { map, layout } = place;
  const names = NAMES[layout];
  const after = map.items.find(({ key }) => isScalar(key) && key.value === names.issuing);
  if (after === undefined) throw new Error(`there is neither ${names.issuing} nor ${names.accepted}`);
  if (map.flow === true) {
    const at = rangeOf(after.value)[1];
    const list = accepted.map((certificate) => flowItem(certificate, layout)).join(", ");
    return { start: at, end: at, text: `, ${names.accepted}: [${list}]` };
  }
  const at = lineEnd(text, rangeOf(after.value)[1]);
  const indent = indentAt(text, rangeOf(after.key)[0]);
  const before = at > 0 && text[at - 1] !== "\n" ? newlineOf(text) : "";
  return { start: at, end: at, text: before + blockLines(text, names.accepted, layout, indent, accepted) };
}

/** `acceptedCAs:` with nothing behind it. */
function replaceValue(text: string, pair: Pair, { layout }: Place, accepted: readonly CaCertificate[]): Edit {
  const start = lineStart(text, rangeOf(pair.key)[0]);
  const indent = indentAt(text, rangeOf(pair.key)[0]);
  const end = lineEnd(text, rangeOf(pair.key)[1]);
  return { start, end, text: blockLines(text, NAMES[layout].accepted, layout, indent, accepted) };
}

function blockLines(
  text: string,
  name: string,
  layout: Layout,
  indent: string,
  accepted: readonly CaCertificate[],
): string {
  const items = accepted.map((certificate) => blockItem(text, certificate, layout, `${indent}    `));
  return `${indent}${name}:${newlineOf(text)}${items.join("")}`;
}

function blockItem(text: string, { pem }: CaCertificate, layout: Layout, indent: string): string {
  return layout === "fields"
    ? `${indent}- crt: ${encoded(pem, layout)}${newlineOf(text)}`
    : `${indent}- ${blockSource(text, pem, `${indent}    `)}`;
}

function flowItem({ pem }: CaCertificate, layout: Layout): string {
  return layout === "fields" ? `{crt: ${encoded(pem, layout)}}` : JSON.stringify(pem);
}

function encoded(pem: string, layout: Layout): string {
  return layout === "fields" ? Buffer.from(pem).toString("base64") : pem;
}

/** As it stands: one that lacks its line feed, or is spelled otherwise, is written anew. */
function writtenIn(item: unknown, layout: Layout): string {
  return scalarText(layout === "fields" ? child(item, "crt") : item);
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = (node as Node | null | undefined)?.range;
  if (range == null) throw new Error("a part of it has no place in the text");
  // A block ends after its line feed, also where the range takes in what follows.
  return [range[0], range[1]];
}

function slice(text: string, node: unknown): string {
  const [start, end] = rangeOf(node);
  return text.slice(start, end);
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** The start of the next line, where `offset` is not at the start of one already. */
function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === "\n") return offset;
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? "";
}

function newlineOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function withNewline(text: string, lines: string): string {
  return lines.endsWith("\n") ? lines : lines + newlineOf(text);
}

/** The text was cut by offsets: everything but the CA must read as before, whatever the spelling was. */
function insistOnNothingElse(before: string, after: string, type: TalosType): void {
  const rest = (text: string) => {
    const documents = parseDocuments(text);
    const { map, layout } = placeOf(documents, type);
    strip(map, layout);
    return documents.map((document) => document.toJS());
  };
  if (!isDeepStrictEqual(rest(before), rest(after))) {
    throw new Error("it is spelled in a way that cannot be edited without touching something else");
  }
}

function strip(map: YAMLMap, layout: Layout): void {
  const names = NAMES[layout];
  map.delete(names.accepted);
  const issuing = map.get(names.issuing);
  if (isMap(issuing)) {
    issuing.delete(names.certificate);
    issuing.delete("key");
  }
}
