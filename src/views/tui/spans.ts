import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { count } from "../count.ts";
import { harmless } from "../harmless.ts";
import type { Tone } from "../tone.ts";

/** What a piece of the screen means; what colour follows is in `tone-styles.ts`. */
export type SpanTone = Tone | "cursor" | ChipTone;

/** A word on a filled ground: readable on light and dark terminals alike. */
type ChipTone = "chip-good" | "chip-bad" | "chip-warn" | "chip";

export interface Span {
  readonly text: string;
  readonly tone: SpanTone;
}

/** One row of the screen. */
export type Line = readonly Span[];

export const EMPTY: Line = [];

/** Nothing longer is read by anybody, and a name of a megabyte must not hold up the screen. */
const LONGEST = 4_000;

function readable(text: string): string {
  if (text.length <= LONGEST) return harmless(text);
  return `${harmless(text.slice(0, LONGEST))}… (${grouped(text.length - LONGEST)} more characters)`;
}

/** Every span is made here, and so no text reaches the screen that could harm it. */
export function span(text: string, tone: SpanTone = "plain"): Span {
  return { text: readable(text), tone };
}

export function line(...parts: readonly (Span | string)[]): Line {
  return parts.map((part) => (typeof part === "string" ? span(part) : part));
}

const NARROW = /^[\x20-\x7e\u2500-\u259f]*$/;

/** Columns that a text takes. */
export function widthOfText(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

export function widthOf(content: Line): number {
  return content.reduce((sum, { text }) => sum + widthOfText(text), 0);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cuts text to a width, with a mark where something is missing. */
export function clippedText(text: string, width: number): string {
  const clean = readable(text);
  return widthOfText(clean) <= width ? clean : cutText(clean, width);
}

function cutText(text: string, width: number): string {
  if (width <= 0) return "";
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = used + widthOfText(segment);
    if (next > width - 1) break;
    kept += segment;
    used = next;
  }
  return `${kept}…`;
}

export function clipped(content: Line, width: number): Line {
  if (widthOf(content) <= width) return content;
  const kept: Span[] = [];
  let left = width;
  for (const part of content) {
    const wide = widthOfText(part.text);
    // One column stays free for the mark, as something is missing in any case.
    if (wide >= left) return [...kept, { ...part, text: cutText(part.text, left) }];
    kept.push(part);
    left -= wide;
  }
  return kept;
}

/** Exactly `width` columns: cut, or filled with blanks. */
export function exactly(content: Line, width: number): Line {
  const cut = clipped(content, width);
  const missing = width - widthOf(cut);
  return missing > 0 ? [...cut, { text: " ".repeat(missing), tone: "plain" }] : cut;
}

export function padText(text: string, width: number): string {
  const cut = clippedText(text, width);
  return cut + " ".repeat(Math.max(0, width - widthOfText(cut)));
}

/** `left` and `right` at both ends; the left one gives way. */
export function spread(left: Line, right: Line, width: number): Line {
  if (right.length === 0) return exactly(left, width);
  const room = width - widthOf(right) - 1;
  if (room <= 1) return clipped(right, width);
  return [...exactly(left, room), span(" "), ...right];
}

interface Hanging {
  readonly tone?: SpanTone;
  /** Stands before the first row; the others are indented by as much. */
  readonly lead?: Line;
}

/** Wraps a text at words into rows of at most `width` columns. */
export function wrapped(text: string, width: number, { tone = "plain", lead = EMPTY }: Hanging = {}): Line[] {
  const indent = widthOf(lead);
  const rows = wrapText(text, Math.max(8, width - indent));
  return rows.map((row, index) =>
    index === 0
      ? [...lead, { text: row, tone }]
      : [
          { text: " ".repeat(indent), tone: "plain" as const },
          { text: row, tone },
        ],
  );
}

function wrapText(text: string, width: number): readonly string[] {
  const clean = readable(text);
  if (widthOfText(clean) <= width) return [clean];
  return wrapAnsi(clean, width, { hard: true }).split("\n");
}

/** Wraps at the very column and keeps every blank, as code wants it. */
export function hardWrapped(text: string, width: number): readonly string[] {
  const clean = readable(text);
  if (widthOfText(clean) <= width) return [clean];
  return wrapAnsi(clean, width, { hard: true, wordWrap: false, trim: false }).split("\n");
}

/** `12,345`: of components there may be many. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** `1 node`, `12,345 nodes`. */
export function countOnScreen(number: number, noun: string): string {
  return count(number, noun, grouped);
}

/** `04:12`, `1:04:12`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = `${two(minutes)}:${two(seconds % 60)}`;
  return hours === 0 ? tail : `${hours}:${tail}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
