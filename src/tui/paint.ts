import { styleText } from "node:util";
import type { Line, Tone } from "./text.ts";

const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0] | null>> = {
  plain: null,
  strong: "bold",
  dim: "dim",
  good: "green",
  bad: ["red", "bold"],
  warn: "magenta",
  cursor: "inverse",
  chip: ["inverse", "bold"],
  "chip-good": ["inverse", "bold", "green"],
  "chip-bad": ["inverse", "bold", "red"],
  "chip-warn": ["inverse", "bold", "magenta"],
};

/** Rows as text for the scrollback, outside of Ink. Ends with a line feed. */
export function paint(lines: readonly Line[], colours: boolean): string {
  return lines
    .map((content) => {
      const row = content.map(({ text, tone }) => {
        const style = STYLES[tone];
        return colours && style !== null ? styleText(style, text, { validateStream: false }) : text;
      });
      return `${row.join("").trimEnd()}\n`;
    })
    .join("");
}
