import { isTimeZone, momentsOf } from "./time-zone.ts";

/**
 * Dates and times in YAML, as UTC: `2026-12-01`, `2026-12-01T18:00:00Z`, and the looser `2026-12-01 18:00` of
 * YAML timestamps. A time without a zone is UTC, so that a file means the same on every machine.
 */
const MOMENT =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?: ?([Zz]|[+-]\d{2}:\d{2}))?)?$/;

/** ISO 8601 in UTC; `null` when there is no such moment. A date alone is the start of that day, or its end. */
export function parseMoment(text: string, edge: "start" | "end"): string | null {
  const match = MOMENT.exec(text);
  if (match === null) return null;
  const [, date = "", time, seconds = "00", fraction = "0", zone = "Z"] = match;
  // Days that do not exist roll over silently (2026-02-30 is 2 March), so the date is compared afterwards.
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return null;
  if (time === undefined) return edge === "start" ? day.toISOString() : `${date}T23:59:59.999Z`;
  const millis = fraction.slice(0, 3).padEnd(3, "0");
  const moment = new Date(`${date}T${time}:${seconds}.${millis}${zone.toUpperCase()}`);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

const ZONED = /([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * The same by the clocks of a time zone, where the text does not name one itself. The end is the first moment after
 * it: of a date alone, midnight. `null` for an unknown zone, too.
 */
export function parseLocalMoment(text: string, edge: "start" | "end", zone: string): string | null {
  const moment = parseMoment(text, edge);
  if (moment === null || !isTimeZone(zone)) return null;
  const at = Date.parse(moment);
  const there = ZONED.test(text) ? { first: at, last: at } : momentsOf(at, zone);
  const midnight = /^[\d-]+$/.test(text) ? 1 : 0;
  return new Date(edge === "start" ? there.first : there.last + midnight).toISOString();
}
