import { styleText } from "node:util";
import type { Tone } from "../tone.ts";

/** Text has no chips; what moves, it accents. */
export type TextTone = Tone | "accent";

/** Puts the styles of a tone around a text, or leaves it as it is. */
export type Paint = (tone: TextTone, text: string) => string;

const STYLES: Readonly<Record<TextTone, Parameters<typeof styleText>[0]>> = {
  plain: [],
  good: "green",
  bad: ["red", "bold"],
  warn: "yellow",
  dim: "dim",
  strong: "bold",
  accent: "cyan",
};

/** For files, pipes and whoever wants no colours. */
export const plainPaint: Paint = (_tone, text) => text;

/** For terminals, whatever the stream says of itself: who calls has asked. */
export const colourPaint: Paint = (tone, text) => styleText(STYLES[tone], text, { validateStream: false });
