/** Go durations, as in `--timeout=2m` and `reverted back in 1m0s`. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds, or `null` when Go would not take it. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return text === "0" ? 0 : null;
  let sum = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    sum += Number(amount) * (UNIT_SECONDS[unit] ?? 0);
  }
  return sum;
}

/** What Go prints. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return seconds === 0 ? "0s" : `${Math.round(seconds * 1000)}ms`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
