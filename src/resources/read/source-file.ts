import type { Diagnostic } from "../model/desired.ts";
import { holdsSecret } from "../model/shorten.ts";

/** One YAML file as read, and the way from an offset in it to a diagnostic. */
export interface SourceFile {
  /** Relative to the given folder, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Offset of the first character of every line; filled when the first position is asked for. */
  lineStarts: readonly number[] | null;
}

/** A place in a file as editors count it: lines and columns from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a diagnostic says, apart from its place. */
export interface Complaint {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly suggestion: string | null;
}

/** An error, with what to do about it where that is known. */
export function complain(message: string, suggestion: string | null = null): Complaint {
  return { severity: "error", message, suggestion };
}

/** A longer line is data, not something to show: with many findings on it, quoting it each time would explode. */
const LONGEST_EXCERPT = 1000;

/** A file whose text is at hand. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, lineStarts: null };
}

function startsOf(file: SourceFile): readonly number[] {
  if (file.lineStarts !== null) return file.lineStarts;
  const starts = [0];
  for (let at = file.text.indexOf("\n"); at >= 0; at = file.text.indexOf("\n", at + 1)) starts.push(at + 1);
  file.lineStarts = starts;
  return starts;
}

/** 1-based; columns count UTF-16 units, as editors do. A byte order mark is not a column. */
export function positionOf(file: SourceFile, offset: number): Position {
  const starts = startsOf(file);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const column = offset - (starts[low] ?? 0) + 1;
  return {
    line: low + 1,
    column: low === 0 && file.text.startsWith("\uFEFF") ? Math.max(1, column - 1) : column,
  };
}

function excerptOf(file: SourceFile, line: number): string | null {
  const starts = startsOf(file);
  const start = starts[line - 1] ?? 0;
  const end = starts[line] ?? file.text.length;
  if (end - start > LONGEST_EXCERPT) return null;
  const text = file.text.slice(start, end);
  if (holdsSecret(text)) return null;
  return text.replace(/^\uFEFF/, "").replace(/\r?\n$/, "");
}

/** A complaint about the place at an offset into the text, with the line for an excerpt. */
export function diagnosticAt(file: SourceFile, offset: number, complaint: Complaint): Diagnostic {
  const position = positionOf(file, Math.min(offset, file.text.length));
  return { ...complaint, file: file.path, ...position, excerpt: excerptOf(file, position.line) };
}

/** About a file as a whole, or one whose text cannot be shown. */
export function diagnosticOfFile(
  path: string,
  complaint: Complaint,
  position: Position = { line: 1, column: 1 },
): Diagnostic {
  return { ...complaint, file: path, ...position, excerpt: null };
}

/** By file, then place: the order in which people work through them. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
