import { styleText } from "node:util";

/** The few meanings that colour carries; the words alone carry them too. */
export type Tone = "good" | "bad" | "warn" | "dim" | "strong" | "accent";

export type Paint = (tone: Tone, text: string) => string;

const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  good: "green",
  bad: ["red", "bold"],
  warn: "yellow",
  dim: "dim",
  strong: "bold",
  accent: "cyan",
};

export const plainPaint: Paint = (_tone, text) => text;

export const colourPaint: Paint = (tone, text) => styleText(STYLES[tone], text, { validateStream: false });
