import { styleText } from "node:util";
import type { Line } from "./text.ts";
import { LOOKS } from "./tones.ts";

/** Rows as text for the scrollback, outside of Ink. Ends with a line feed. */
export function paint(lines: readonly Line[], colours: boolean): string {
  return lines
    .map((content) => {
      const row = content.map(({ text, tone }) =>
        colours && LOOKS[tone].length > 0
          ? styleText([...LOOKS[tone]], text, { validateStream: false })
          : text,
      );
      return `${row.join("").trimEnd()}\n`;
    })
    .join("");
}
