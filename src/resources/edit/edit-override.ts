import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { Failure } from "../../failure.ts";
import type { AuthorityReference } from "./edit-authority.ts";
import { appendDocument } from "./edit-render.ts";
import { editResource, lineEndOf, rangeOf, refuseErrors, replaceScalar, type Splice } from "./edit-text.ts";

/** An entry as it is written; PEM texts end with one line feed. */
export interface WrittenEntry {
  readonly public_key: string;
  readonly disabled: boolean;
  readonly certificate: string;
  readonly chain: readonly string[];
}

/** A new resource with one entry, at the end of a file; `null` stands for a file that does not exist yet. */
export function addOverride(
  text: string | null,
  { cluster, type }: AuthorityReference,
  entry: WrittenEntry,
): string {
  if (text !== null) refuseErrors(text);
  const head = [
    "# Certificates of an external CA in place of Teleport's own; one entry per key of the CA.",
    "kind: cert_authority_override",
    `sub_kind: ${type}`,
    "version: v1",
    "metadata:",
    `  name: ${cluster}`,
    "spec:",
    "  certificate_overrides:",
  ];
  return appendDocument(text, `${[...head, ...entryLines(entry, "    ")].join("\n")}\n`);
}

/** One more entry of a resource that is there; every other byte of the file stays. */
export function addOverrideEntry(text: string, of: AuthorityReference, entry: WrittenEntry): string {
  return editSpec(text, of, ({ items, spec, list }) => ({
    items: [...items, writtenValue(entry)],
    splice: insertion(text, spec, list, entry),
  }));
}

/** Another certificate and chain for the same key. */
export function renewOverrideEntry(
  text: string,
  of: AuthorityReference,
  index: number,
  { certificate, chain }: Pick<WrittenEntry, "certificate" | "chain">,
): string {
  const renewed = editEntry(text, of, index, (entry, node) => {
    const pair = pairOf(node, "certificate");
    if (pair === undefined)
      throw new Failure("resources", "the entry has no certificate that could be renewed");
    return {
      value: { ...entry, certificate },
      splice: replaceValue(text, pair, blockLines(certificate, indentOf(text, pair))),
    };
  });
  return editEntry(renewed, of, index, (entry, node) => {
    const pair = pairOf(node, "chain");
    if (pair !== undefined) {
      const lines = chain.length === 0 ? ["[]"] : ["", ...chainLines(chain, indentOf(renewed, pair))];
      return { value: { ...entry, chain }, splice: replaceValue(renewed, pair, lines) };
    }
    if (chain.length === 0) return null;
    const after = pairOf(node, "certificate");
    if (after === undefined) return null;
    const indent = indentOf(renewed, after);
    const lines = [`${indent}chain:`, ...chainLines(chain, indent)];
    return { value: { ...entry, chain }, splice: linesAfter(renewed, rangeOf(after.value)[1], lines) };
  });
}

/** The same entry, not disabled any more. */
export function enableOverrideEntry(text: string, of: AuthorityReference, index: number): string {
  return editEntry(text, of, index, (entry, node) => {
    const pair = pairOf(node, "disabled");
    if (pair === undefined) return null;
    return { value: { ...entry, disabled: false }, splice: replaceScalar(pair.value as Node, "false") };
  });
}

/** Without the entry; a list without entries stays as an empty one. */
export function removeOverrideEntry(text: string, of: AuthorityReference, index: number): string {
  return editSpec(text, of, ({ items, spec, list }) => {
    const node = list?.items[index] as Node | undefined;
    if (list === undefined || node === undefined) throw new Failure("resources", "there is no such entry");
    const rest = items.toSpliced(index, 1);
    const [start] = rangeOf(node);
    const end = endOfBlock(text, rangeOf(node)[1]);
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    if (list.flow === true || !BLOCK_LEAD.test(text.slice(lineStart, start)))
      return { items: rest, splice: null };
    if (rest.length > 0) return { items: rest, splice: { start: lineStart, end, text: "" } };
    // An empty value is null, not a list. Comments above the entry stay where they are.
    const colon = rangeOf(pairOf(spec, "certificate_overrides")?.key)[1] + 1;
    return { items: rest, splice: { start: colon, end, text: ` []${text.slice(colon, lineStart)}` } };
  });
}

const BLOCK_LEAD = /^[ \t]*-[ \t]+$/;

interface Spec {
  readonly items: readonly unknown[];
  readonly spec: YAMLMap;
  /** `undefined`: the key is missing, or has no list. */
  readonly list: YAMLSeq | undefined;
}

function editSpec(
  text: string,
  { cluster, type }: AuthorityReference,
  change: (spec: Spec) => { readonly items: readonly unknown[]; readonly splice: Splice | null },
): string {
  const wanted = { kind: "cert_authority_override", name: cluster, subKind: type } as const;
  return editResource(text, wanted, ["spec"], (current, node) => {
    const value = current as { readonly certificate_overrides?: readonly unknown[] | null } | null;
    if (!isMap(node)) return { value: current, splice: null };
    const list = node.get("certificate_overrides", true) as unknown;
    const { items, splice } = change({
      items: value?.certificate_overrides ?? [],
      spec: node,
      list: isSeq(list) ? list : undefined,
    });
    return { value: { ...value, certificate_overrides: items }, splice };
  });
}

type Fields = Readonly<Record<string, unknown>>;

function editEntry(
  text: string,
  of: AuthorityReference,
  index: number,
  change: (entry: Fields, node: YAMLMap) => { readonly value: Fields; readonly splice: Splice | null } | null,
): string {
  let untouched = false;
  const edited = editSpec(text, of, ({ items, list }) => {
    const node = list?.items[index];
    if (!isMap(node) || node.flow === true) return { items, splice: null };
    const changed = change(items[index] as Fields, node);
    untouched = changed === null;
    if (changed === null) return { items, splice: { start: 0, end: 0, text: "" } };
    return { items: items.with(index, changed.value), splice: changed.splice };
  });
  return untouched ? text : edited;
}

function insertion(
  text: string,
  spec: YAMLMap,
  list: YAMLSeq | undefined,
  entry: WrittenEntry,
): Splice | null {
  const last = list?.items.at(-1) as Node | undefined;
  if (last !== undefined && list?.flow !== true) {
    const [start, end] = rangeOf(last);
    const lead = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
    if (!BLOCK_LEAD.test(lead)) return null;
    return linesAfter(text, end, entryLines(entry, lead.slice(0, lead.indexOf("-"))));
  }
  if (list !== undefined && list.items.length > 0) return null;
  // `[]` after its key, or `{}` after `spec:`.
  const key = pairOf(spec, "certificate_overrides");
  const empty = list ?? (spec.items.length === 0 ? spec : null);
  if (empty === null) return null;
  const [start, end] = rangeOf(empty);
  const rest = text.slice(end, endOfLine(text, end));
  if (rest.trim() !== "") return null;
  const indent = key === undefined ? "" : indentOf(text, key);
  const lines =
    key === undefined
      ? ["  certificate_overrides:", ...entryLines(entry, "    ")]
      : entryLines(entry, `${indent}  `);
  const before = text.slice(0, start).replace(/[ \t]+$/, "").length;
  const lineEnd = lineEndOf(text);
  return { start: before, end, text: lines.map((line) => `${lineEnd}${line}`).join("") };
}

function entryLines({ public_key, disabled, certificate, chain }: WrittenEntry, indent: string): string[] {
  const inner = `${indent}  `;
  return [
    `${indent}- public_key: ${public_key}`,
    `${inner}disabled: ${disabled}`,
    `${inner}certificate: ${blockLines(certificate, inner).join("\n")}`,
    ...(chain.length === 0 ? [] : [`${inner}chain:`, ...chainLines(chain, inner)]),
  ].flatMap((line) => line.split("\n"));
}

function writtenValue({ chain, ...entry }: WrittenEntry): Fields {
  return { ...entry, ...(chain.length === 0 ? {} : { chain }) };
}

function chainLines(chain: readonly string[], indent: string): string[] {
  return chain.flatMap((pem) => {
    const [head = "", ...rest] = blockLines(pem, `${indent}  `);
    return [`${indent}  - ${head}`, ...rest];
  });
}

/** The head of a literal block, and its lines. */
function blockLines(pem: string, indent: string): string[] {
  return [
    "|",
    ...pem
      .trimEnd()
      .split("\n")
      .map((line) => `${indent}  ${line}`),
  ];
}

function pairOf(node: YAMLMap, name: string): Pair | undefined {
  return node.items.find((pair) => isScalar(pair.key) && pair.key.value === name);
}

/** Blanks up to the key's column. */
function indentOf(text: string, { key }: Pair): string {
  const [start] = rangeOf(key);
  return " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
}

/** The value of a pair by lines, the first of which follows the key. */
function replaceValue(text: string, { value }: Pair, lines: readonly string[]): Splice | null {
  const [first, end] = rangeOf(value);
  const lineEnd = lineEndOf(text);
  const block = isSeq(value) && value.flow !== true;
  // A list below its key: what is between the colon and its first dash goes along.
  const start = block ? text.slice(0, first).replace(/[ \t\r\n]+$/, "").length : first;
  const written = lines.join(lineEnd);
  const between = block && !written.startsWith(lineEnd) ? " " : "";
  const ended = text[end - 1] === "\n" ? lineEnd : "";
  const [only] = lines;
  if (isScalar(value) && !value.type?.startsWith("BLOCK_") && lines.length === 1 && only !== undefined) {
    return replaceScalar(value as Node, only);
  }
  return { start, end, text: `${between}${written}${ended}` };
}

function linesAfter(text: string, offset: number, lines: readonly string[]): Splice {
  const lineEnd = lineEndOf(text);
  const end = endOfBlock(text, offset);
  const ended = end > 0 && text[end - 1] === "\n";
  const joined = lines.join(lineEnd);
  return { start: end, end, text: ended ? `${joined}${lineEnd}` : `${lineEnd}${joined}` };
}

/** Behind the line end where a node reaches it; a block of text brings its own. */
function endOfBlock(text: string, offset: number): number {
  if (text[offset - 1] === "\n") return offset;
  const lineFeed = text.indexOf("\n", offset);
  return lineFeed < 0 ? text.length : lineFeed + 1;
}

function endOfLine(text: string, offset: number): number {
  const lineFeed = text.indexOf("\n", offset);
  return lineFeed < 0 ? text.length : lineFeed;
}
