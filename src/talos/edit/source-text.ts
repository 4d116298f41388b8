import type { Node } from "yaml";
import { EditProblem, lineOf } from "../edit-problem.ts";
import type { Layout } from "../machine-config.ts";

/** A piece of the text, by offsets, and what stands there from now on. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Where a node stands, by offsets. Throws where it has no place. */
export function spanOf(node: unknown): readonly [number, number] {
  const range = (node as Node | null | undefined)?.range;
  if (range == null) throw new Error("a part of it has no place in the text");
  // A block ends after its line feed, also where the range takes in what follows.
  return [range[0], range[1]];
}

/** The source of a node. */
export function spelled(text: string, node: unknown): string {
  const [start, end] = spanOf(node);
  return text.slice(start, end);
}

/** The offset at which the line begins. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** The start of the next line, where `offset` is not at the start of one already. */
export function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === "\n") return offset;
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
}

/** What the line begins with: spaces and tabs. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? "";
}

/** The line feed that a text is written with. */
export function newlineOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** Lines that end with a line feed. */
export function withNewline(text: string, lines: string): string {
  return lines.endsWith("\n") ? lines : lines + newlineOf(text);
}

/** A problem at the line of a node. */
export function problemAt(text: string, node: unknown, what: string, remedy: string): EditProblem {
  return new EditProblem(lineOf(text, spanOf(node)[0]), what, remedy);
}

/** As a layout spells a PEM: fields hold base64. */
export function encoded(pem: string, layout: Layout): string {
  return layout === "fields" ? Buffer.from(pem).toString("base64") : pem;
}
