import { styleText } from "node:util";
import type { Line } from "./spans.ts";
import { TONE_STYLES } from "./tone-styles.ts";

/** Rows as text for the scrollback, outside of Ink. Ends with a line feed. */
export function scrollbackText(lines: readonly Line[], colours: boolean): string {
  return lines
    .map((content) => {
      const row = content.map(({ text, tone }) =>
        colours && TONE_STYLES[tone].length > 0
          ? styleText([...TONE_STYLES[tone]], text, { validateStream: false })
          : text,
      );
      return `${row.join("").trimEnd()}\n`;
    })
    .join("");
}
