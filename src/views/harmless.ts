import { stripVTControlCharacters } from "node:util";
import { withoutSecrets } from "../secrets.ts";

const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Everything that moves the cursor, changes the mode of a terminal, breaks a line, turns the direction of reading
 * or takes no room although it is there. Each becomes one visible sign, so that nobody mistakes the result for an
 * honest name: control characters (C0, C1), formats (bidirectional controls, zero-width characters, tags), line and paragraph separators,
 * blanks that count as letters or symbols (Hangul fillers, empty braille), private use, and what is not assigned.
 */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** They only choose how a character looks, and terminals disagree on how wide the result is. */
const LOOKS = /[\ufe00-\ufe0f\u{1f3fb}-\u{1f3ff}]/gu;

/** Two letters that many terminals draw as one flag, of a width that nobody agrees on. */
const FLAG_LETTER = /[\u{1f1e6}-\u{1f1ff}]/gu;

/** More than two marks on one letter climb into the lines above it. */
const PILED_MARKS = /(\p{M}{2})\p{M}+/gu;

const SIGN = "\u{fffd}";

/**
 * The one place that makes text from a cluster, a repository or a person fit to be drawn: a machine's name must
 * not be able to rewrite the plan that somebody approves. Doing it twice changes nothing.
 */
export function harmless(dirty: string): string {
  // Before it is laid out: a line break in the middle of a secret would hide it from every later look.
  const text = withoutSecrets(dirty);
  if (PLAIN.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(LOOKS, "")
    .normalize("NFC")
    .replaceAll(FLAG_LETTER, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) - 0x1f1e6 + 0x41))
    .replaceAll(HOSTILE, SIGN)
    .replaceAll(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, " ")
    .replaceAll(PILED_MARKS, "$1");
}

/**
 * For lines of text and Markdown, where nothing that a terminal obeys is worth a sign: a whole sequence goes without
 * a trace. Else a host name could rewrite the plan that a person approves.
 */
export function harmlessLine(text: string): string {
  return harmless(stripVTControlCharacters(text));
}

/** `harmless` for every text in a value that came from a file, line by line: whoever draws it later need not remember. */
export function harmlessValue<T>(value: T): T {
  return harmlessWithin(value) as T;
}

function harmlessWithin(value: unknown): unknown {
  if (typeof value === "string") return value.split("\n").map(harmless).join("\n");
  if (Array.isArray(value)) return value.map(harmlessWithin);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, harmlessWithin(inner)]));
}
