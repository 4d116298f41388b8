/** Durations as in Go (`30m`, `8760h`, `1h30m`, `0s`): text in YAML, milliseconds inside. */

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const WHOLE = /^(\d+(\.\d+)?(h|ms|m|s))+$/;
const PART = /(\d+(?:\.\d+)?)(h|ms|m|s)/g;

/** Milliseconds, rounded to whole ones; `null` for what is no duration, or too long to count exactly. */
export function parseDuration(text: string): number | null {
  if (!WHOLE.test(text)) return null;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(PART)) {
    sum += Number(count) * (UNITS.find(([name]) => name === unit)?.[1] ?? Number.NaN);
  }
  const ms = Math.round(sum);
  return Number.isSafeInteger(ms) ? ms : null;
}

/** The same on a command line, where people count in days, too: `90d`. */
export function parseSpan(text: string): number | null {
  const days = /^(\d{1,6})d$/.exec(text)?.[1];
  return days === undefined ? parseDuration(text) : Number(days) * 24 * 3_600_000;
}

/** The shortest text that `parseDuration` reads back: hours are the largest unit, as Go knows no days. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text || "0s";
}
