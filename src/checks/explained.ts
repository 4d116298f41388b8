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
  const signs = [...onOneLine(redacted)];
  return signs.length <= LONGEST ? signs.join("") : `…${signs.slice(-LONGEST).join("").trimStart()}`;
}

/** The same as what is said around it: nothing of it is cut. */
function onOneLine(text: string): string {
  return stripVTControlCharacters(text)
    .toWellFormed()
    .replaceAll(HOSTILE, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** More than these are as bad as these. */
const MOST = 3;

/** What is wrong with each of those that were tried, as a part of one line. */
export function inShort(details: readonly string[]): string {
  const more = details.length - MOST;
  return [...details.slice(0, MOST).map(onOneLine), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}
