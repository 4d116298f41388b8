import { type Alias, isAlias, isMap, isSeq, type Node, type Pair, type YAMLMap } from "yaml";
import type { Path } from "../../foreign-value.ts";
import type { Diagnostic, Source } from "../model/desired.ts";
import { keyText, offsetOf } from "./convert.ts";
import { type Complaint, diagnosticAt, positionOf, type SourceFile } from "./source-file.ts";

/** Kinds of resource, as `kind` names them. */
export const KINDS = [
  "cluster",
  "certificate_authority",
  "ca_rotation",
  "cert_authority_override",
  "repository",
] as const;

/** One of `KINDS`; a document of any other kind is not ours, and left alone. */
export type Kind = (typeof KINDS)[number];

/** A YAML document of one of our kinds, valid or not, with the way back from a value to its place. */
export interface ResourceDocument {
  readonly kind: Kind;
  readonly file: SourceFile;
  /** As plain values; after a syntax error, what could be made out of them. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly root: YAMLMap;
  readonly targets: ReadonlyMap<Alias, Node>;
  /** Whether the YAML itself is sound: no syntax error, no duplicate key, no runaway alias. */
  readonly sound: boolean;
}

/** Where the resource stands: the line of its first key. */
export function sourceOf(document: ResourceDocument, path: Path = []): Source {
  const { pair, value } = find(document, path);
  const node = path.length === 0 && isMap(value) ? value.items[0]?.key : (pair?.key ?? value);
  return { file: document.file.path, line: positionOf(document.file, offsetOf(node)).line };
}

/** A complaint about the value at a path, or about the key before it. */
export function diagnosticOn(
  document: ResourceDocument,
  path: Path,
  complaint: Complaint,
  at: "value" | "key" = "value",
): Diagnostic {
  return diagnosticAt(document.file, offsetOn(document, path, at), complaint);
}

/** For text: the offset of a part of it, where it stands as it is in the source. */
export function diagnosticInText(
  document: ResourceDocument,
  path: Path,
  part: string,
  complaint: Complaint,
): Diagnostic {
  const { value } = find(document, path);
  const start = offsetOn(document, path, "value");
  const range = (value as Node | null)?.range;
  const inside = range ? document.file.text.slice(start, range[1]).indexOf(part) : -1;
  return diagnosticAt(document.file, inside < 0 ? start : start + inside, complaint);
}

function offsetOn(document: ResourceDocument, path: Path, at: "value" | "key"): number {
  const { pair, value } = find(document, path);
  if (path.length === 0) return offsetOf(document.root.items[0]?.key ?? document.root);
  if (pair !== null && (at === "key" || isEmpty(value))) return offsetOf(pair.key);
  return offsetOf(value);
}

/** Whether a value takes no room in the text: then its key is what can be pointed at. */
export function isEmpty(node: unknown): boolean {
  const range = (node as Node | null)?.range;
  return !range || range[0] === range[1];
}

interface Found {
  /** The last step's key and value, `null` in a list. */
  readonly pair: Pair | null;
  readonly value: unknown;
  /** Whether the path leads to it, and not further. */
  readonly whole: boolean;
}

/** The key and value at a path, to edit them; `null` when there are none. */
export function findPair(document: ResourceDocument, path: Path): Pair | null {
  const { pair, whole } = find(document, path);
  return whole ? pair : null;
}

/** The nodes at a path; the deepest that exist, when it leads further than the document. */
function find(document: ResourceDocument, path: Path): Found {
  let found: Found = { pair: null, value: document.root, whole: true };
  for (const step of path) {
    const node = isAlias(found.value) ? document.targets.get(found.value) : found.value;
    if (isSeq(node) && typeof step === "number" && step < node.items.length) {
      found = { pair: null, value: node.items[step], whole: true };
      continue;
    }
    const pair = isMap(node) ? pairs(node).get(String(step)) : undefined;
    if (pair === undefined) return { ...found, whole: false };
    found = { pair, value: pair.value, whole: true };
  }
  return found;
}

const pairsOf = new WeakMap<YAMLMap, Map<string, Pair>>();

/** Looked up once per map: a map with many wrong fields is asked for each of them. */
function pairs(map: YAMLMap): Map<string, Pair> {
  let known = pairsOf.get(map);
  if (known === undefined) {
    known = new Map(map.items.map((pair) => [keyText(pair.key) ?? "", pair]));
    pairsOf.set(map, known);
  }
  return known;
}
