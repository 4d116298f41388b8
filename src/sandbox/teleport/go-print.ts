/** How Go prints what `tctl` shows: JSON, times, tables. */

/** Go's zero time. It is printed where a time field is empty, never left out. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/**
 * RFC 3339 with nanoseconds, trailing zeros dropped. Milliseconds are all that the sandbox knows; the digits
 * below them are made up, always the same for one moment, because the real thing prints nine.
 */
export function printTime(ms: number | null): string {
  if (ms === null) return ZERO_TIME;
  const whole = Math.floor(ms);
  const fraction = `${String(((whole % 1000) + 1000) % 1000).padStart(3, "0")}${madeUpDigits(whole)}`;
  const trimmed = fraction.replace(/0+$/, "");
  return `${new Date(whole).toISOString().slice(0, 19)}${trimmed === "" ? "" : `.${trimmed}`}Z`;
}

/** Nanoseconds since 1970, which old versions print as `metadata.id`: more than a double can hold. */
export function unixNano(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(madeUpDigits(whole));
}

/** `Nov 21 08:04:33 UTC`, with the year for newer versions. */
export function humanTime(ms: number, withYear: boolean): string {
  const date = new Date(ms);
  const month = date.toLocaleString("en-US", { month: "short", timeZone: "UTC" });
  const day = String(date.getUTCDate()).padStart(2);
  const year = withYear ? `${date.getUTCFullYear()} ` : "";
  return `${month} ${day} ${year}${date.toISOString().slice(11, 19)} UTC`;
}

/** `json.MarshalIndent` with four spaces: HTML characters escaped, whole numbers of any size, no final newline. */
export function goJson(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const inner = `${indent}    `;
    return `[\n${value.map((item) => inner + goJson(item, inner)).join(",\n")}\n${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    const inner = `${indent}    `;
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => `${inner}${JSON.stringify(name)}: ${goJson(field, inner)}`);
    return fields.length === 0 ? "{}" : `{\n${fields.join(",\n")}\n${indent}}`;
  }
  if (typeof value === "string") return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escaped);
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}

/** A JSON array of resources, one piece at a time. */
export function* goJsonArray(items: Iterable<unknown>): Iterable<string> {
  let opened = false;
  for (const item of items) {
    yield `${opened ? ",\n" : "[\n"}    ${goJson(item, "    ")}`;
    opened = true;
  }
  yield opened ? "\n]" : "[]";
}

/** The `asciitable` of tctl: every cell is padded, the last one too. */
export function asciiTable(rows: readonly (readonly string[])[], headers?: readonly string[]): string {
  const all = headers === undefined ? rows : [headers, ...rows];
  const widths: number[] = [];
  for (const row of all) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  const line = (row: readonly string[]) =>
    `${row.map((cell, column) => `${cell.padEnd(widths[column] ?? 0)} `).join("")}\n`;
  const head = headers === undefined ? [] : [headers, widths.map((width) => "-".repeat(width))];
  return [...head, ...rows].map(line).join("");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function madeUpDigits(ms: number): string {
  return String(Math.imul(ms % 1_000_003, 2_654_435_761) >>> 0)
    .padStart(6, "0")
    .slice(-6);
}
