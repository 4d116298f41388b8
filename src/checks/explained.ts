import { stripVTControlCharacters } from "node:util";

/** What a person reads at night of an output: more explains no more. Characters. */
const LONGEST = 240;

/** Whatever moves a cursor, breaks a line or cannot be seen. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]+/gu;

/**
 * The end of what an executable printed, where an error is, as a part of one line: without secrets already, without
 * anything that a terminal obeys, and cut.
 */
export function explained(redacted: string): string {
  const line = stripVTControlCharacters(redacted)
    .toWellFormed()
    .replaceAll(HOSTILE, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  const signs = [...line];
  return signs.length <= LONGEST ? line : `…${signs.slice(-LONGEST).join("").trimStart()}`;
}
