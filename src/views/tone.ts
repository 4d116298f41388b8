/**
 * What a piece of text means. Colour follows from it in one place for each medium; words and signs carry the meaning
 * alone, too.
 */
export type Tone = "plain" | "strong" | "dim" | "good" | "bad" | "warn";
