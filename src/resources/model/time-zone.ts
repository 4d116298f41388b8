/**
 * Wall clocks of the IANA time zones, as Intl knows them. What a wall clock shows is written as the milliseconds at
 * which a clock in UTC shows the same.
 */

const DAY_MS = 24 * 3_600_000;

/** Where nobody names another one. Known without Intl, whose first answer costs half as much as starting Node. */
const UTC = "UTC";

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const numeric = "numeric";
  const format = new Intl.DateTimeFormat("en-US-u-ca-iso8601-nu-latn", {
    timeZone: zone,
    hourCycle: "h23",
    ...{ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric },
  });
  formats.set(zone, format);
  return format;
}

/** Whether Intl knows a zone of that name. */
export function isTimeZone(name: string): boolean {
  if (name === UTC) return true;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the clocks of a zone show at a moment. */
export function wallClock(ms: number, zone: string): number {
  if (zone === UTC) return ms;
  const day = Math.floor(ms / DAY_MS);
  const [before, after] = [offsetAtMidnight(day, zone), offsetAtMidnight(day + 1, zone)];
  // No zone moves its clocks there and back within a day.
  return before === after ? ms + before : askedWallClock(ms, zone);
}

const offsets = new Map<string, Map<number, number>>();

/** How far the clocks are ahead of UTC when that begins a day; kept, as asking Intl is what takes time. */
function offsetAtMidnight(day: number, zone: string): number {
  let known = offsets.get(zone);
  if (known === undefined) {
    known = new Map();
    offsets.set(zone, known);
  }
  const midnight = day * DAY_MS;
  const offset = known.get(day) ?? askedWallClock(midnight, zone) - midnight;
  known.set(day, offset);
  return offset;
}

function askedWallClock(ms: number, zone: string): number {
  const parts = formatOf(zone).formatToParts(ms);
  const read = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value);
  return (
    Date.UTC(read("year"), read("month") - 1, read("day"), read("hour"), read("minute"), read("second")) +
    (ms % 1000)
  );
}

/**
 * When the clocks of a zone show a time: twice where they are set back over it, and where they are set forward over
 * it, the moment when that happens.
 */
export function momentsOf(wall: number, zone: string): { readonly first: number; readonly last: number } {
  // No zone moves its clocks twice within two days.
  const nearby = [wall - DAY_MS, wall + DAY_MS].map((near) => wallClock(near, zone) - near);
  const candidates = nearby.map((offset) => wall - offset).toSorted((left, right) => left - right);
  const [first, last] = candidates.filter((ms) => wallClock(ms, zone) === wall);
  if (first !== undefined) return { first, last: last ?? first };
  let [before = wall, after = wall] = candidates;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClock(middle, zone) > wall) after = middle;
    else before = middle;
  }
  return { first: after, last: after };
}
