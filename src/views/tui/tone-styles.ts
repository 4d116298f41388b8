import type { SpanTone } from "./spans.ts";

type Style = "bold" | "dim" | "inverse" | "green" | "red" | "magenta";

/**
 * How a tone looks: the 16 colours of the terminal's own palette, and of these the ones that can be read on black
 * and on white: neither yellow nor cyan (pale on white), nor blue (dark on black).
 */
export const TONE_STYLES: Readonly<Record<SpanTone, readonly Style[]>> = {
  plain: [],
  strong: ["bold"],
  dim: ["dim"],
  good: ["green"],
  bad: ["red", "bold"],
  warn: ["magenta"],
  cursor: ["inverse"],
  chip: ["inverse", "bold"],
  "chip-good": ["inverse", "bold", "green"],
  "chip-bad": ["inverse", "bold", "red"],
  "chip-warn": ["inverse", "bold", "magenta"],
};
