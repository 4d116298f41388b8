import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import { shorten } from "../model/shorten.ts";
import { type Complaint, complain } from "./source-file.ts";

/**
 * A parsed document as plain values. Done here rather than by the library's `toJS` because both its check for
 * duplicate keys and its lookup of aliases are quadratic, and it knows no position for what it refuses.
 */
export interface Converted {
  readonly value: unknown;
  /** What makes the value untrustworthy. */
  readonly problems: readonly Problem[];
  /** What every alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
}

interface Problem {
  readonly offset: number;
  readonly complaint: Complaint;
  /** Where the same key stood first, for a duplicate. */
  readonly first: number | null;
}

/** What aliases may add to a document: room for honest reuse, none for a billion laughs. */
const MAX_ALIASED_VALUES = 10_000;
const MAX_DEPTH = 50;

interface Anchored {
  readonly node: Node;
  readonly value: unknown;
  /** Values in it, aliases expanded. */
  readonly size: number;
}

interface State {
  readonly problems: Problem[];
  readonly targets: Map<Alias, Node>;
  readonly anchors: Map<string, Anchored>;
  /** Anchors of the nodes that are being converted right now. */
  readonly open: Set<string>;
  size: number;
  aliased: number;
}

/** Plain values, and what makes them untrustworthy: duplicate keys, aliases that explode, depth. */
export function convert(document: Document.Parsed): Converted {
  const state: State = {
    problems: [],
    targets: new Map(),
    anchors: new Map(),
    open: new Set(),
    size: 0,
    aliased: 0,
  };
  for (const warning of document.warnings) {
    if (warning.code !== "TAG_RESOLVE_FAILED") continue;
    const message = `${warning.message.replace(/^Unresolved tag: /, "the tag ").slice(0, 100)} means nothing here`;
    const complaint = complain(message, "remove the tag, or quote the value");
    state.problems.push({ offset: warning.pos[0], complaint, first: null });
  }
  const value = convertNode(state, document.contents, 0);
  return { value, problems: state.problems, targets: state.targets };
}

function convertNode(state: State, node: unknown, depth: number): unknown {
  if (isAlias(node)) return convertAlias(state, node);
  state.size += 1;
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor === undefined) return convertContent(state, node, depth);
  const before = state.size;
  state.open.add(anchor);
  const value = convertContent(state, node, depth);
  state.open.delete(anchor);
  state.anchors.set(anchor, { node: node as Node, value, size: state.size - before + 1 });
  return value;
}

function convertContent(state: State, node: unknown, depth: number): unknown {
  if (isScalar(node)) return node.value;
  if (!isMap(node) && !isSeq(node)) return null;
  if (depth >= MAX_DEPTH) {
    report(state, node, complain(`nested more than ${MAX_DEPTH} levels deep`, "no resource is that deep"));
    return null;
  }
  if (isSeq(node)) return node.items.map((item) => convertNode(state, item, depth + 1));
  const object: Record<string, unknown> = {};
  const first = new Map<string, Pair>();
  for (const pair of node.items) {
    const key = keyText(pair.key);
    if (key === null) {
      report(state, pair.key, complain("a key must be plain text", "write it as `key: value`"));
      continue;
    }
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, pair);
    else {
      // YAML would let the last one win without a word.
      const complaint = complain(`the key "${shorten(key)}" stands here twice`, "keep one of them");
      state.problems.push({ offset: offsetOf(pair.key), complaint, first: offsetOf(earlier.key) });
    }
    const value = convertNode(state, pair.value, depth + 1);
    // Not by assignment: `__proto__` is a key like any other here, and an unknown one.
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

function convertAlias(state: State, alias: Alias): unknown {
  const name = alias.source;
  if (state.open.has(name)) {
    report(state, alias, complain(`the alias *${name} stands inside of what it stands for`));
    return null;
  }
  const anchored = state.anchors.get(name);
  if (anchored === undefined) {
    report(state, alias, complain(`the alias *${name} stands for nothing: no &${name} comes before it`));
    return null;
  }
  state.targets.set(alias, anchored.node);
  state.size += anchored.size;
  state.aliased += anchored.size;
  if (state.aliased <= MAX_ALIASED_VALUES) return anchored.value;
  // Once is enough: whatever follows explodes as well.
  if (state.aliased - anchored.size <= MAX_ALIASED_VALUES) {
    report(
      state,
      alias,
      complain(
        `aliases explode: with *${name} they stand for more than ${MAX_ALIASED_VALUES} values`,
        "write the values out; no resource needs so many",
      ),
    );
  }
  return null;
}

function report(state: State, node: unknown, complaint: Complaint): void {
  state.problems.push({ offset: offsetOf(node), complaint, first: null });
}

/** The text of a key; `null` for a list or a map in its place. */
export function keyText(key: unknown): string | null {
  if (isScalar(key)) return String(key.value ?? "");
  return key === null ? "" : null;
}

/** Where a node begins; 0 for one that takes no room. */
export function offsetOf(node: unknown): number {
  return (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && node.range ? node.range[0] : 0;
}
