import { stringify } from "yaml";
import type { Dialect } from "./dialect.ts";
import { type ConfigDocument, ConfigError, decodeDocuments } from "./machine-config.ts";
import { branch, isTree, type Tree, text } from "./values.ts";

/**
 * `talosctl patch`: strategic merge as Talos does it (TA 3.3), with its traps. Lists are appended to and never
 * deduplicated, so the same "add a CA" patch twice adds it twice; only `$patch: delete` on the list's key
 * clears it; one element of `acceptedCAs` cannot be deleted; comments of the original are lost.
 */
export function patchMachineConfig(original: string, patches: readonly string[], dialect: Dialect): string {
  let documents: readonly ConfigDocument[] = decodeDocuments(original, dialect);
  for (const patch of patches) documents = applyPatch(documents, patch, dialect);
  return documents.map(({ value }) => stringify(value, { indent: 4, lineWidth: 0 })).join("---\n");
}

function applyPatch(
  documents: readonly ConfigDocument[],
  patch: string,
  dialect: Dialect,
): readonly ConfigDocument[] {
  if (/^\s*(\[|-\s+(op|path|value):)/.test(patch)) {
    if (documents.length > 1) {
      throw new ConfigError("JSON6902 patches are not supported for multi-document machine configuration");
    }
    throw new ConfigError("JSON6902 patches are not emulated");
  }
  let result = documents;
  for (const right of decodeDocuments(patch, dialect)) {
    const deletes = deletionsIn(right);
    const additions = withoutDeletions(right.value);
    result = mergeDocument(result, right, additions);
    for (const path of deletes) result = deleteFrom(result, right, path);
  }
  return result;
}

function sameDocument(left: ConfigDocument, right: ConfigDocument): boolean {
  return left.kind === right.kind && left.name === right.name;
}

function mergeDocument(
  documents: readonly ConfigDocument[],
  right: ConfigDocument,
  additions: unknown,
): readonly ConfigDocument[] {
  // Nothing but deletions: there is no document to add.
  if (!isTree(additions) || Object.keys(additions).every((key) => IDENTITY.includes(key))) return documents;
  if (!documents.some((left) => sameDocument(left, right)))
    return [...documents, { ...right, value: additions }];
  return documents.map((left) =>
    sameDocument(left, right) ? { ...left, value: mergeTree(left.value, additions, []) } : left,
  );
}

const IDENTITY: readonly string[] = ["apiVersion", "kind", "name", "version"];

/** Byte values in Talos' types: an empty one is a value, not "not set". */
const BYTES: readonly string[] = [
  "machine.ca",
  "cluster.ca",
  "cluster.aggregatorCA",
  "cluster.serviceAccount",
];
/** Lists that Talos marks to be replaced. */
const REPLACED: readonly string[] = ["cluster.network.podSubnets", "cluster.network.serviceSubnets"];

function mergeTree(left: Tree, right: Tree, path: readonly string[]): Tree {
  const merged: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right))
    merged[key] = mergeValue(left[key], value, [...path, key]);
  return merged;
}

function mergeValue(left: unknown, right: unknown, path: readonly string[]): unknown {
  if (Array.isArray(right)) {
    return Array.isArray(left) && !REPLACED.includes(path.join(".")) ? [...left, ...right] : right;
  }
  if (isTree(right)) return mergeTree(branch(left), right, path);
  const isBytes = BYTES.includes(path.slice(0, -1).join("."));
  const isZero = right === null || right === "" || right === 0;
  return isZero && !isBytes && left !== undefined ? left : right;
}

/** Paths with `$patch: delete`, as in `machine.acceptedCAs`. */
function deletionsIn({ value }: ConfigDocument): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const visit = (node: unknown, path: readonly string[]): void => {
    if (Array.isArray(node)) {
      for (const [index, one] of node.entries()) visit(one, [...path, `[${index}]`]);
    } else if (isTree(node)) {
      if (node["$patch"] === "delete") found.push(path);
      else for (const [key, inner] of Object.entries(node)) visit(inner, [...path, key]);
    }
  };
  visit(value, []);
  return found;
}

/** What is left of a patch after its deletions; branches that become empty go too. */
function withoutDeletions(node: unknown): unknown {
  if (Array.isArray(node)) {
    const kept = node.map(withoutDeletions).filter((one) => one !== undefined);
    return kept.length === 0 && node.length > 0 ? undefined : kept;
  }
  if (!isTree(node)) return node;
  if (node["$patch"] === "delete") return undefined;
  const kept = Object.entries(node)
    .map(([key, inner]): [string, unknown] => [key, withoutDeletions(inner)])
    .filter(([, inner]) => inner !== undefined);
  return kept.length === 0 && Object.keys(node).length > 0 ? undefined : Object.fromEntries(kept);
}

function deleteFrom(
  documents: readonly ConfigDocument[],
  right: ConfigDocument,
  path: readonly string[],
): readonly ConfigDocument[] {
  const target = documents.find((left) => sameDocument(left, right));
  const where = path.join(".");
  const context = `patch delete: path '${where}' in document '${text(right.value["apiVersion"])}/${right.kind}'`;
  if (path.length === 0) {
    if (right.kind === "") throw new ConfigError(`${context}: can't delete the root of the legacy document`);
    return documents.filter((left) => !sameDocument(left, right));
  }
  if (target === undefined) return documents;
  if (path.some((step) => step.startsWith("["))) {
    throw new ConfigError(`${context}: failed to delete path '${where}': lookup failed`);
  }
  return documents.map((left) => (left === target ? { ...left, value: without(left.value, path) } : left));
}

/** Deleting what is not there is fine, as long as Talos knows the key. */
function without(tree: Tree, [key = "", ...rest]: readonly string[]): Tree {
  if (!(key in tree)) return tree;
  if (rest.length > 0) return { ...tree, [key]: without(branch(tree[key]), rest) };
  return Object.fromEntries(Object.entries(tree).filter(([name]) => name !== key));
}
