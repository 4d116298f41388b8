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
