import type { ChangeWindow, Freeze, Policy } from "../resources/model/desired.ts";
import { momentsOf, wallClock } from "../resources/model/time-zone.ts";

/** What of a policy says when steps may begin. */
export type Calendar = Pick<Policy, "timeZone" | "windows" | "freezes">;

/** Steps may begin from the first moment on, and not at the last one any more; `null`: no end. In milliseconds. */
export interface OpenTime {
  readonly from: number;
  readonly until: number | null;
}

/** The moment itself when steps may begin; else the first one after it when they may. */
export function nextOpening(calendar: Calendar, now: number): number {
  for (let at = now; ; ) {
    const freeze = freezeAt(calendar.freezes, at);
    const next = freeze === undefined ? openFrom(calendar, at) : Date.parse(freeze.to);
    if (next === at) return at;
    at = next;
  }
}

/** The freeze that a moment is in. */
export function freezeAt(freezes: readonly Freeze[], at: number): Freeze | undefined {
  return freezes.find(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to));
}

/** When steps may begin between two moments. The last one may end later. */
export function openTimes(calendar: Calendar, from: number, until: number): readonly OpenTime[] {
  const times: OpenTime[] = [];
  for (let at = nextOpening(calendar, from); at < until; ) {
    const end = closingAfter(calendar, at);
    times.push({ from: at, until: end });
    if (end === null) break;
    at = nextOpening(calendar, end);
  }
  return times;
}

/** Of a moment when steps may begin: when that is over. */
function closingAfter({ windows, freezes, timeZone }: Calendar, at: number): number | null {
  const closes = windows.length === 0 ? null : closesAt(windows, at, timeZone);
  const frozen = freezes.map(({ from }) => Date.parse(from)).filter((from) => from > at);
  const ends = closes === null ? frozen : [...frozen, closes];
  return ends.length === 0 ? null : Math.min(...ends);
}

const WEEK_DAYS = 7;

/** One window may open before another closes; where they leave no gap in a week, they never do. */
function closesAt(windows: readonly ChangeWindow[], at: number, zone: string): number | null {
  for (let end = at; end <= at + 2 * WEEK_DAYS * DAY_MS; ) {
    const later = occurrencesAround(windows, end, zone)
      .filter(({ opens, closes }) => opens <= end && end < closes)
      .map(({ closes }) => closes);
    if (later.length === 0) return end;
    end = Math.max(...later);
  }
  return null;
}

const DAY_MS = 24 * 3_600_000;

/** As `getUTCDay` counts. */
const DAYS_FROM_SUNDAY = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** Day after day, beginning with yesterday, as its windows may reach over midnight. */
function openFrom({ windows, timeZone }: Calendar, at: number): number {
  if (windows.length === 0) return at;
  for (let day = dayOf(at, timeZone) - DAY_MS; ; day += DAY_MS) {
    const moments = occurrences(windows, day, timeZone)
      .filter(({ closes }) => at < closes)
      .map(({ opens }) => Math.max(opens, at));
    if (moments.length > 0) return Math.min(...moments);
  }
}

function occurrencesAround(windows: readonly ChangeWindow[], at: number, zone: string) {
  const today = dayOf(at, zone);
  return [today - DAY_MS, today].flatMap((day) => occurrences(windows, day, zone));
}

/** The day that the clocks of the zone show, as midnight by a clock in UTC. */
function dayOf(at: number, zone: string): number {
  return Math.floor(wallClock(at, zone) / DAY_MS) * DAY_MS;
}

/** The windows of one day. One that is wholly within the hour over which clocks are set forward does not open. */
function occurrences(windows: readonly ChangeWindow[], day: number, zone: string) {
  const name = DAYS_FROM_SUNDAY[new Date(day).getUTCDay()];
  return windows
    .filter(({ days }) => days.some((one) => one === name))
    .map((window) => occurrence(window, day, zone))
    .filter(({ opens, closes }) => opens < closes);
}

function occurrence({ from, to }: ChangeWindow, day: number, zone: string) {
  const [opens, closes] = [sinceMidnight(from), sinceMidnight(to)];
  const overnight = closes < opens ? DAY_MS : 0;
  return {
    opens: momentsOf(day + opens, zone).first,
    closes: momentsOf(day + closes + overnight, zone).first,
  };
}

function sinceMidnight(time: string): number {
  return Date.parse(`1970-01-01T${time}Z`);
}
