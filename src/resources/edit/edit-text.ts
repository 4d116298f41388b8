import { isDeepStrictEqual } from "node:util";
import { isMap, isPair, isSeq, type Node, type Scalar } from "yaml";
import { Failure } from "../../failure.ts";
import { type Path, valueAt } from "../../foreign-value.ts";
import { findPair, type Kind, type ResourceDocument } from "../read/document.ts";
import { readDocuments } from "../read/read-documents.ts";
import { sourceFile } from "../read/source-file.ts";

/**
 * Edits of a file's text at the places that the `yaml` document points at. The document itself is never printed
 * again: that would lay out anew what people have laid out. Whatever is not replaced stays as it is, byte by byte.
 */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Which resource of a file is meant: by kind and name, and by what tells two of one name apart. */
export interface Wanted {
  readonly kind: Kind;
  readonly name: string;
  /** Of a rotation, whose name may stand in several clusters; without it the first of the name. */
  readonly cluster?: string;
  readonly subKind?: string;
}

/**
 * What a value becomes, and the splice that says so in the text (`null` when it is written in a way that none fits);
 * `null` when the value is right already.
 */
export type Change = (
  current: unknown,
  node: Node,
  text: string,
) => { readonly value: unknown; readonly splice: Splice | null } | null;

/**
 * The text with one value of one resource changed, every other byte as it was. Throws a `Failure` where there
 * is no such value, or none of the ways to write it fits.
 */
export function editResource(text: string, wanted: Wanted, path: Path, change: Change): string {
  const documents = documentsOf(text);
  const document = documents.find((candidate) => isWanted(candidate, wanted));
  if (document === undefined) throw new Failure("resources", `the file has no ${describe(wanted)}`);
  const node = findPair(document, path)?.value as Node | null | undefined;
  if (!node?.range) throw new Failure("resources", `${describe(wanted)} has no ${path.join(".")}`);
  const changed = change(valueAt(document.value, path), node, text);
  if (changed === null) return text;
  if (changed.splice === null) throw cannotEdit(wanted, path);
  const { start, end, text: added } = changed.splice;
  const edited = text.slice(0, start) + added + text.slice(end);
  // What was meant is compared with what all of the file says now: through an anchor the edit could have reached
  // another place as well.
  const expected = documents.map((each) =>
    each === document ? withValueAt(each.value, path, changed.value) : each.value,
  );
  if (!isDeepStrictEqual(valuesOf(edited), expected)) throw cannotEdit(wanted, path);
  return edited;
}

function cannotEdit(wanted: Wanted, path: Path): Failure {
  return new Failure("resources", `cannot edit ${path.join(".")} of ${describe(wanted)} as it is written`, {
    hint: "write the value plainly, or edit it by hand: it uses an anchor, an alias or a block of text",
  });
}

/** Throws when a text has errors: what is added to it could end up anywhere. */
export function refuseErrors(text: string): void {
  documentsOf(text);
}

/** What ends the first line, for lines that are added; a file rarely mixes. */
export function lineEndOf(text: string): "\n" | "\r\n" {
  const first = text.indexOf("\n");
  return first > 0 && text[first - 1] === "\r" ? "\r\n" : "\n";
}

/** Replaces a scalar, keeping its quotes; `null` for a block of text, whose end is not its own. */
export function replaceScalar(node: Node, plain: string): Splice | null {
  const [start, end] = rangeOf(node);
  const { type } = node as Scalar;
  if (type?.startsWith("BLOCK_")) return null;
  const quote = type === "QUOTE_DOUBLE" ? '"' : type === "QUOTE_SINGLE" ? "'" : "";
  return { start, end, text: quote + plain + quote };
}

/** Where a node begins and ends, as offsets into the text. */
export function rangeOf(node: unknown): readonly [start: number, end: number] {
  const range = (node as Node | null)?.range;
  if (!range) throw new Error("a parsed node has a range");
  return [range[0], range[1]];
}

/** Where the last word of a value ends: what follows it, comments for one, is not its own. */
export function lastOffsetOf(value: unknown): number {
  if ((isMap(value) || isSeq(value)) && value.flow !== true) {
    const last: unknown = value.items.at(-1);
    return lastOffsetOf(isPair(last) ? (hasRange(last.value) ? last.value : last.key) : last);
  }
  const [start, end] = rangeOf(value);
  return Math.max(start, end - 1);
}

function hasRange(node: unknown): boolean {
  return (node as Node | null)?.range != null;
}

function documentsOf(text: string): readonly ResourceDocument[] {
  const { documents, diagnostics } = readDocuments(sourceFile("", text));
  const error = diagnostics.find(({ severity }) => severity === "error");
  if (error === undefined) return documents;
  throw new Failure("resources", `cannot edit a file with errors: line ${error.line}: ${error.message}`);
}

/** The plain values of all resources; `null` when there are errors. */
function valuesOf(text: string): readonly unknown[] | null {
  const { documents, diagnostics } = readDocuments(sourceFile("", text));
  return diagnostics.some(({ severity }) => severity === "error")
    ? null
    : documents.map(({ value }) => value);
}

function isWanted({ kind, value }: ResourceDocument, wanted: Wanted): boolean {
  return (
    kind === wanted.kind &&
    valueAt(value, ["metadata", "name"]) === wanted.name &&
    (wanted.cluster === undefined || valueAt(value, ["spec", "cluster"]) === wanted.cluster) &&
    (wanted.subKind === undefined || value["sub_kind"] === wanted.subKind)
  );
}

function describe({ kind, name, subKind }: Wanted): string {
  return subKind === undefined ? `${kind} "${name}"` : `${kind} "${subKind}" of "${name}"`;
}

function withValueAt(root: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const map = root as Readonly<Record<string, unknown>>;
  return { ...map, [step]: withValueAt(map[step], rest, value) };
}
