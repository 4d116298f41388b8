import stringWidth from "string-width";
import type { Diagnostic } from "../../resources/model/desired.ts";
import { harmless } from "../harmless.ts";
import { COLUMNS, paragraph } from "./columns.ts";

/**
 * A diagnostic for people: place and message, the line it is about with a caret, and what to do.
 * Files come from anywhere, so nothing in them may move the cursor or colour the terminal.
 */
export function diagnosticText(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, excerpt, suggestion } = diagnostic;
  const head = `${harmless(file)}:${line}:${column}: ${severity}: ${harmless(message)}`;
  const lines = [paragraph(head, "", "    ")];
  if (excerpt !== null) lines.push(...excerptLines(excerpt, line, column));
  if (suggestion !== null) lines.push(paragraph(harmless(suggestion), "  "));
  return `${lines.join("\n")}\n`;
}

/** The line with its number, cut around the column where it is too long, and the caret below. */
function excerptLines(excerpt: string, line: number, column: number): string[] {
  const gutter = `  ${line} | `;
  const room = COLUMNS - gutter.length;
  const offset = Math.min(column - 1, excerpt.length);
  let before = shown(excerpt.slice(0, offset));
  let after = shown(excerpt.slice(offset));
  if (stringWidth(before) + stringWidth(after) > room) {
    const half = Math.floor(room / 2);
    before = leading([...before].reverse(), half)
      .reverse()
      .join("");
    after = leading([...after], room - stringWidth(before)).join("");
  }
  const caret = `${" ".repeat(gutter.length - 2)}| ${" ".repeat(stringWidth(before))}^`;
  return [(gutter + before + after).trimEnd(), caret];
}

/** The first characters, as many as have room, with an ellipsis for the others. */
function leading(characters: readonly string[], room: number): string[] {
  if (stringWidth(characters.join("")) <= room) return [...characters];
  const taken: string[] = [];
  let width = 1;
  for (const character of characters) {
    width += stringWidth(character);
    if (width > room) break;
    taken.push(character);
  }
  return [...taken, "…"];
}

/** Tabs as one space, so that the caret stays below its column. */
function shown(text: string): string {
  return harmless(text.replaceAll("\t", " "));
}
