import { isDeepStrictEqual } from "node:util";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  visit,
  type YAMLSeq,
} from "yaml";
import type { CaCertificate } from "../x509/ca-certificate.ts";
import type { TalosType } from "./authority-types.ts";
import { EditProblem, lineOf } from "./edit-problem.ts";
import {
  acceptedText,
  authorityIn,
  type ConfigDocument,
  child,
  decode,
  issuingKeyIn,
  type Layout,
  NAMES,
  type Place,
  parseDocuments,
  placeOf,
  scalarText,
} from "./machine-config.ts";
import { type AuthorityContent, says } from "./node-state.ts";

/** What is written: certificates, and the key where the machine signs. */
export interface WrittenContent extends AuthorityContent {
  /** PEM; `null` leaves an empty or absent key as it is, as on workers. */
  readonly key: string | null;
}

/**
 * The configuration with another content of one CA. It is edited as text, so that no other byte of it changes:
 * comments, quoting, order and every other document stay as they are (reference talos-rotation 8.4, 8). Throws an
 * `EditProblem` for a spelling with which that cannot be done.
 */
export function withAuthority(text: string, type: TalosType, content: WrittenContent): string {
  return editAuthority({ text, documents: parseDocuments(text) }, type, content).text;
}

/** A configuration as text, and understood. */
export interface ParsedConfig {
  readonly text: string;
  readonly documents: readonly ConfigDocument[];
}

/** The same for one edit after the other, each of which is parsed once. */
export function editAuthority(before: ParsedConfig, type: TalosType, content: WrittenContent): ParsedConfig {
  const { text } = before;
  const place = placeOf(before.documents, type);
  insistOnPlace(text, place);
  const edits = [...issuingEdits(text, place, content), ...acceptedEdits(text, place, content)];
  return edits.length === 0 ? before : understood(before, splice(text, edits), type, content);
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

/** Where a value stands: behind an alias or a merge it is somebody else's, too. */
function insistOnPlace(text: string, { map, layout, document }: Place): void {
  const names = NAMES[layout];
  const issuing = map.get(names.issuing, true);
  const touched = [map, issuing, map.get(names.accepted, true)];
  if (isMap(issuing)) touched.push(issuing.get(names.certificate, true), issuing.get("key", true));
  for (const [node, name] of [
    [map, names.issuing],
    [map, names.accepted],
    [issuing, names.certificate],
    [issuing, "key"],
  ] as const) {
    if (!isMap(node)) continue;
    if (!node.has(name) && child(node, name, document) !== undefined) {
      throw problemAt(text, node, `merges ${name} in with "<<"`, `write ${name} out where it is used`);
    }
  }
  for (const node of touched) {
    if (isAlias(node)) {
      const what = `takes a CA from elsewhere with an alias (*${node.source})`;
      throw problemAt(text, node, what, "write the value out where it is used");
    }
    const anchor = (isScalar(node) || isMap(node) || isSeq(node)) && node.anchor;
    const user = typeof anchor === "string" ? userOf(document, anchor) : null;
    if (user !== null) {
      const what = `uses with an alias (*${anchor}) what is to be changed for the CA alone`;
      throw problemAt(text, user, what, "write the value out there");
    }
  }
}

function userOf(document: ConfigDocument, anchor: string): Node | null {
  let found: Node | null = null;
  visit(document, {
    Alias(_, alias) {
      if (alias.source !== anchor) return undefined;
      found = alias;
      return visit.BREAK;
    },
  });
  return found;
}

function problemAt(text: string, node: unknown, what: string, remedy: string): EditProblem {
  return new EditProblem(lineOf(text, rangeOf(node)[0]), what, remedy);
}

function issuingEdits(
  text: string,
  { map, layout }: Place,
  { issuing, key }: WrittenContent,
): readonly Edit[] {
  const names = NAMES[layout];
  const authority = map.get(names.issuing, true);
  if (issuing === null) return [];
  const texts = [
    [names.certificate, issuing.pem],
    ["key", key],
  ] as const;
  return texts.flatMap(([name, pem]) => {
    if (pem === null) return [];
    const scalar = isMap(authority) ? authority.get(name, true) : undefined;
    if (isScalar(scalar) && typeof scalar.value === "string") return scalarEdit(text, scalar, pem, layout);
    const remedy = `write ${names.issuing}.${name} the way \`talosctl gen config\` does`;
    throw problemAt(text, scalar ?? authority ?? map, `has no text as ${names.issuing}.${name}`, remedy);
  });
}

/** What says the same already keeps its spelling. */
function scalarEdit(text: string, scalar: Scalar, pem: string, layout: Layout): readonly Edit[] {
  if (decode(scalarText(scalar), layout) === pem) return [];
  const [start, end] = rangeOf(scalar);
  return [{ start, end, text: scalarSource(text, scalar, pem, layout) }];
}

/** The source of a scalar, in the style that it has: base64 fits every one, PEM needs its line feeds. */
function scalarSource(text: string, scalar: Scalar, pem: string, layout: Layout): string {
  const value = encoded(pem, layout);
  const [start, end] = rangeOf(scalar);
  switch (scalar.type) {
    case "BLOCK_LITERAL":
    case "BLOCK_FOLDED":
      return blockAgain(text, text.slice(start, end), indentAt(text, start), value, layout);
    case "QUOTE_SINGLE":
      return layout === "fields" ? `'${value}'` : JSON.stringify(value);
    case "QUOTE_DOUBLE":
      return JSON.stringify(value);
    default:
      return layout === "fields" ? value : JSON.stringify(value);
  }
}

/** Another content below the header that is there, with its comment, at the indentation that is there. */
function blockAgain(text: string, source: string, outer: string, value: string, layout: Layout): string {
  const [header = "", ...before] = source.split(/\r?\n/);
  const indent = before.map((line) => /^[ \t]+(?=\S)/.exec(line)?.[0]).find((found) => found !== undefined);
  const newline = newlineOf(text);
  const lines = value.trimEnd().split("\n");
  if (layout === "fields") {
    const [first = "", second] = before.map((line) => line.trim()).filter((line) => line !== "");
    // One text in lines of equal length, as \`base64\` prints it, stays one.
    if (header.startsWith("|") && second !== undefined) {
      lines.splice(0, 1, ...(value.match(new RegExp(`.{1,${first.length}}`, "g")) ?? []));
    }
  }
  const written = layout === "fields" ? header : header.replace(/^[|>]/, "|").replace(/^(\|\d?)-/, "$1");
  // Blank lines that are kept (`|+`), or no line feed at all.
  const ending = /(?:\r?\n[ \t]*)*$/.exec(source)?.[0] ?? "";
  return written + newline + lines.map((line) => (indent ?? `${outer}    `) + line).join(newline) + ending;
}

function blockSource(text: string, pem: string, indent: string): string {
  const newline = newlineOf(text);
  return `|${newline}${pem.replace(/^(?=.)/gm, indent).replaceAll("\n", newline)}`;
}

/** Kept elements are copied with their comments; the list goes when nothing is left in it. */
function acceptedEdits(text: string, place: Place, { accepted }: WrittenContent): readonly Edit[] {
  const { map, layout, document } = place;
  const name = NAMES[layout].accepted;
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
  const list = pair?.value;
  if (pair === undefined || !isSeq(list)) {
    if (accepted.length === 0) return [];
    return pair === undefined ? [insertList(text, place, accepted)] : fillList(text, pair, place, accepted);
  }
  const present = list.items.map((item) => ({
    item,
    pem: decode(acceptedText(item, layout, document), layout),
  }));
  const same =
    present.length === accepted.length && present.every(({ pem }, index) => pem === accepted[index]?.pem);
  if (same) return [];
  const items = accepted.map((certificate) => ({
    certificate,
    // As it stands: one that lacks its line feed is written anew.
    kept: present.find(({ pem }) => pem === certificate.pem)?.item ?? null,
  }));
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
  const first = lineStart(text, start);
  if (items.length === 0) {
    const key = rangeOf(pair.key);
    const between = text.slice(key[1], first);
    if (!between.includes("#")) return { start: lineStart(text, key[0]), end: lineEnd(text, end), text: "" };
    // With a comment of its own the key stays.
    const colon = key[1] + between.indexOf(":") + 1;
    const kept = text.slice(colon, first);
    return { start: colon, end: lineEnd(text, end), text: ` []${kept}` };
  }
  const indent = indentAt(text, start);
  const inner = /- \|[^\n]*\n([ \t]+)\S/.exec(text.slice(start, end))?.[1];
  // From the end of one to the end of the next, so that a comment goes with the element that it stands above.
  const ends = list.items.map((item) => lineEnd(text, rangeOf(item)[1]));
  const sliceOf = (kept: unknown) => {
    const index = list.items.indexOf(kept);
    return withNewline(text, text.slice(index === 0 ? first : ends[index - 1], ends[index]));
  };
  const written = items.map(({ certificate, kept }) =>
    kept === null ? blockItem(text, certificate, layout, indent, inner) : sliceOf(kept),
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

/** `acceptedCAs:` with nothing behind it, `null` or a comment. */
function fillList(
  text: string,
  pair: Pair,
  { map, layout }: Place,
  accepted: readonly CaCertificate[],
): readonly Edit[] {
  const key = rangeOf(pair.key);
  const value = pair.value === null ? ([key[1], key[1]] as const) : rangeOf(pair.value);
  const written = text.slice(...value);
  if (map.flow === true || !["", "null", "Null", "NULL", "~"].includes(written)) {
    throw problemAt(
      text,
      pair.key,
      `has no list as ${NAMES[layout].accepted}`,
      "make it a list, or remove it",
    );
  }
  const at = lineEnd(text, value[1]);
  const indent = indentAt(text, key[0]);
  const items = accepted.map((certificate) => blockItem(text, certificate, layout, `${indent}    `));
  const before = at > 0 && text[at - 1] !== "\n" ? newlineOf(text) : "";
  const edits = [{ start: at, end: at, text: before + items.join("") }];
  const gap = /[ \t]*$/.exec(text.slice(key[1], value[0]))?.[0].length ?? 0;
  return written === "" ? edits : [{ start: value[0] - gap, end: value[1], text: "" }, ...edits];
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

/** A block is indented as the others of the list are, or else as Go's encoder writes it. */
function blockItem(
  text: string,
  { pem }: CaCertificate,
  layout: Layout,
  indent: string,
  inner = `${indent}  `,
): string {
  return layout === "fields"
    ? `${indent}- crt: ${encoded(pem, layout)}${newlineOf(text)}`
    : `${indent}- ${blockSource(text, pem, inner)}`;
}

function flowItem({ pem }: CaCertificate, layout: Layout): string {
  return layout === "fields" ? `{crt: ${encoded(pem, layout)}}` : JSON.stringify(pem);
}

function encoded(pem: string, layout: Layout): string {
  return layout === "fields" ? Buffer.from(pem).toString("base64") : pem;
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

/** The text was cut by offsets: the CA must read as it should, and everything else as before. */
function understood(
  before: ParsedConfig,
  text: string,
  type: TalosType,
  content: WrittenContent,
): ParsedConfig {
  const place = placeOf(before.documents, type);
  const failed = (cause?: unknown) => {
    const line = lineOf(before.text, rangeOf(place.map)[0]);
    const problem = new EditProblem(
      line,
      `spells the ${type} CA in a way that cannot be edited without touching something else`,
      "write it the way `talosctl gen config` does",
    );
    problem.cause = cause;
    return problem;
  };
  try {
    const documents = parseDocuments(text);
    const then = placeOf(documents, type);
    const isRight =
      says(authorityIn(then), content) && (content.key === null || issuingKeyIn(then) === content.key);
    if (isRight && isDeepStrictEqual(rest(before.documents, place), rest(documents, then)))
      return { text, documents };
  } catch (cause) {
    throw failed(cause);
  }
  throw failed();
}

/** Everything but the CA. */
function rest(
  documents: readonly ConfigDocument[],
  { document, layout, section }: Place,
): readonly unknown[] {
  const names = NAMES[layout];
  return documents.map((one) => {
    const value = one.toJS() as Tree | null;
    if (one !== document || value === null) return value;
    const holder = section === null ? value : (value[section] as Tree);
    const { [names.accepted]: _, [names.issuing]: issuing, ...others } = holder;
    const { [names.certificate]: _certificate, key: _key, ...own } = (issuing ?? {}) as Tree;
    return [section === null ? null : { ...value, [section]: null }, others, issuing === undefined, own];
  });
}

interface Tree {
  readonly [key: string]: unknown;
}
