/** Everything that `harmless` takes out of text, but for what JSON itself breaks its lines with and always escapes. */
const HOSTILE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A value as JSON that a person can look at in a terminal: what turns the direction of reading, starts a terminal's
 * command (C1) or cannot be seen is escaped, so that it reads back as it was and has no effect. JSON.stringify leaves
 * all of that as it is.
 */
export function jsonText(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(HOSTILE, (character) =>
    Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(""),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
