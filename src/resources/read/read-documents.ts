import {
  type Document,
  isMap,
  isSeq,
  parseAllDocuments,
  Schema,
  visit,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { PROFILES } from "../../profiles.ts";
import type { Diagnostic } from "../model/desired.ts";
import { shorten } from "../model/shorten.ts";
import { convert, keyText, offsetOf } from "./convert.ts";
import { isEmpty, KINDS, type Kind, type ResourceDocument } from "./document.ts";
import {
  type Complaint,
  complain,
  diagnosticAt,
  diagnosticOfFile,
  positionOf,
  type SourceFile,
} from "./source-file.ts";
import { nearest } from "./suggest.ts";

/** The documents of one file that are ours. */
export interface ReadDocuments {
  readonly documents: readonly ResourceDocument[];
  readonly diagnostics: readonly Diagnostic[];
  /** Whether a resource may hide in what could not be understood. */
  readonly incomplete: boolean;
}

let coreSchema: Schema | undefined;

/** Parses a file and picks the documents that are ours; what is obviously something else is passed over. */
export function readDocuments(file: SourceFile): ReadDocuments {
  if (!mayHoldResources(file.text)) return { documents: [], diagnostics: [], incomplete: false };
  const conflicts = conflictsIn(file);
  if (conflicts.length > 0) return { documents: [], diagnostics: conflicts, incomplete: true };
  let parsed: readonly Document.Parsed[];
  try {
    parsed = parseYaml(file.text);
  } catch (error) {
    // A tree too deep for the stack, in one of the library's recursions.
    if (!(error instanceof RangeError)) throw error;
    const complaint = complain("cannot be read as YAML: nested too deeply");
    return { documents: [], diagnostics: [diagnosticOfFile(file.path, complaint)], incomplete: true };
  }
  const documents: ResourceDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  let incomplete = false;
  const foreign = parsed.some(({ errors }) => errors.length > 0) && isForeignText(file.text);
  for (const document of parsed) {
    const broken = document.errors.length > 0;
    if (broken && foreign) continue;
    const { kind, complaint, offset } = recognise(document);
    if (broken) {
      for (const diagnostic of syntaxErrors(file, document)) diagnostics.push(diagnostic);
      incomplete = true;
    }
    if (complaint !== null && !broken) diagnostics.push(diagnosticAt(file, offset, complaint));
    if (complaint !== null) incomplete = true;
    if (kind !== null) documents.push(resourceDocument(file, document, kind, broken, diagnostics));
  }
  return { documents, diagnostics, incomplete };
}

/** YAML with the core schema whatever a `%YAML` line asks for: no timestamps, no merge keys, no `yes` for `true`. */
export function parseYaml(text: string): readonly Document.Parsed[] {
  coreSchema ??= new Schema({ schema: "core", resolveKnownTags: false });
  const parsed = parseAllDocuments(text, {
    schema: coreSchema,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  return parsed as readonly Document.Parsed[];
}

/** A quick look before the parser, as most YAML in a repository may be somebody else's. */
function mayHoldResources(text: string): boolean {
  return /kind/i.test(text) || (/^metadata\s*:/m.test(text) && /^spec\s*:/m.test(text));
}

/**
 * Whether a file that is no YAML was never meant for us: a template, a Kubernetes object, or nothing that starts
 * a line with `kind`. In doubt it is ours.
 */
function isForeignText(text: string): boolean {
  // Spaces and tabs only: with line ends among them, many blank lines would each look through all the others.
  if (!/^[\uFEFF \t"'{,-]*kind\b/im.test(text)) return true;
  const ours = new RegExp(`kind["']?\\s*:\\s*["']?(${KINDS.join("|")})\\b`).test(text);
  return !ours && (/^[ \t]*["']?apiVersion\b/m.test(text) || text.includes("{{") || text.includes("{%"));
}

interface Recognised {
  readonly kind: Kind | null;
  readonly complaint: Complaint | null;
  readonly offset: number;
}

/** Which of our kinds a document is, and what to say about one that only looks like it. */
function recognise(document: Document.Parsed): Recognised {
  const { contents } = document;
  const nothing: Recognised = { kind: null, complaint: null, offset: 0 };
  if (isSeq(contents)) {
    const ours = contents.items.find((item) => isMap(item) && isKind(topLevel(item).get("kind")?.text));
    if (ours === undefined) return nothing;
    const message = "a list of resources: every resource stands in a document of its own";
    const complaint = complain(message, "separate the resources by lines of ---, without the list");
    return { kind: null, complaint, offset: offsetOf(ours) };
  }
  if (!isMap(contents)) return nothing;
  const top = topLevel(contents);
  const kind = top.get("kind");
  const foreign = top.has("apiVersion");
  if (kind === undefined) {
    if (foreign || !["version", "metadata", "spec"].every((key) => top.has(key))) return nothing;
    const message = "looks like a resource without a kind, and is ignored";
    const suggestion = `add one of: ${KINDS.map((name) => `kind: ${name}`).join(", ")}`;
    return {
      kind: null,
      complaint: { severity: "warning", message, suggestion },
      offset: offsetOf(contents.items[0]?.key),
    };
  }
  if (isKind(kind.text)) return { kind: kind.text, complaint: null, offset: kind.offset };
  if (kind.text !== null && isOfPlatform(kind.text)) return nothing;
  const near = kind.text === null ? null : nearest(kind.text, KINDS);
  if (foreign || (near === null && !top.has("version"))) return nothing;
  const complaint =
    kind.text === null
      ? complain("kind must be text", `one of: ${KINDS.join(", ")}`)
      : complain(
          `unknown kind "${shorten(kind.text)}"`,
          near === null
            ? `known kinds: ${KINDS.join(", ")}; keep what is not capstan's outside this folder`
            : `did you mean "${near}"?`,
        );
  return { kind: null, complaint, offset: kind.offset };
}

function isOfPlatform(kind: string): boolean {
  return Object.values(PROFILES).some(({ resources }) => resources.otherKinds.includes(kind));
}

function isKind(text: string | null | undefined): text is Kind {
  return (KINDS as readonly (string | null | undefined)[]).includes(text);
}

/** The first scalar of every top-level key, as text where it is text. */
function topLevel(map: YAMLMap): Map<string, { text: string | null; offset: number }> {
  const found = new Map<string, { text: string | null; offset: number }>();
  for (const pair of map.items) {
    const key = keyText(pair.key);
    if (key === null || found.has(key)) continue;
    const value: unknown = (pair.value as { value?: unknown } | null)?.value;
    const offset = isEmpty(pair.value) ? offsetOf(pair.key) : offsetOf(pair.value);
    found.set(key, { text: typeof value === "string" ? value : null, offset });
  }
  return found;
}

function resourceDocument(
  file: SourceFile,
  document: Document.Parsed,
  kind: Kind,
  broken: boolean,
  diagnostics: Diagnostic[],
): ResourceDocument {
  const root = document.contents as unknown as YAMLMap;
  const { value, problems, targets } = convert(document);
  // After a syntax error the rest of the tree is guesswork; it only serves to know the resource's name.
  for (const { offset, complaint, first } of broken ? [] : problems) {
    const suggestion =
      first === null
        ? complaint.suggestion
        : `keep one of them; the first is in line ${positionOf(file, first).line}`;
    diagnostics.push(diagnosticAt(file, offset, { ...complaint, suggestion }));
  }
  return {
    kind,
    file,
    value: value as Record<string, unknown>,
    root,
    targets,
    sound: !broken && problems.length === 0,
  };
}

/** What git leaves in a file where two sides changed the same lines: nobody has decided yet what it says. */
function conflictsIn(file: SourceFile): readonly Diagnostic[] {
  const { text } = file;
  if (!/^<{7} /m.test(text) || !/^>{7} /m.test(text)) return [];
  const complaint = complain(
    "a merge conflict is not resolved here",
    "keep one side, or both, and remove the lines <<<<<<<, ======= and >>>>>>>; then `git add` the file",
  );
  return [...text.matchAll(/^<{7} /gm)].map(({ index }) => diagnosticAt(file, index, complaint));
}

const SYNTAX_HINTS: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'quote a value that contains ": "',
  BLOCK_IN_FLOW: "inside of [ ] and { }, write lists and maps with brackets as well",
  TAB_AS_INDENT: "indent with spaces",
  MISSING_CHAR: "close the quote or bracket, or quote the value",
  BAD_INDENT: "indent it like its neighbours",
  MULTILINE_IMPLICIT_KEY: "is there a colon missing?",
  BAD_ALIAS: "quote a value that starts with *",
};

/** One per line: what follows on the same line is an echo. */
function syntaxErrors(file: SourceFile, document: Document.Parsed): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const error of document.errors) {
    const tooDeep = error.code === "RESOURCE_EXHAUSTION";
    const complaint = complain(
      `not valid YAML: ${tooDeep ? "nested too deeply" : lowerFirst(error.message)}`,
      SYNTAX_HINTS[error.code] ?? null,
    );
    const openQuote = openQuoteAt(document, error);
    const diagnostic = diagnosticAt(file, openQuote ?? error.pos[0], complaint);
    if (diagnostics.at(-1)?.line !== diagnostic.line) diagnostics.push(diagnostic);
    // Whatever follows comes of it.
    if (tooDeep || openQuote !== null) break;
  }
  return diagnostics;
}

/** A quote that is never closed is missed at the end of the document; what helps is where it opens. */
function openQuoteAt(document: Document.Parsed, { code, message, pos }: YAMLError): number | null {
  if (code !== "MISSING_CHAR" || !/closing .*quote/.test(message)) return null;
  let start: number | null = null;
  visit(document, {
    Scalar(_key, { type, range }) {
      if (type?.startsWith("QUOTE_") && range && range[0] < pos[0] && range[1] >= pos[0]) start = range[0];
    },
  });
  return start;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
