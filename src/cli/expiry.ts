import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import { parseDuration } from "../resources/model/duration.ts";
import { parseMoment } from "../resources/model/moment.ts";
import { writtenDate } from "../written-date.ts";

const DAY_MS = 24 * 3_600_000;
const LONGEST_DAYS = 90;

/**
 * When a waiver ends, as it is written: a date or a time as it was typed, else now and a duration (`14d`, `36h`), as a
 * date where it is days. `now`: milliseconds since the epoch. A `Failure` for the past, and for more than 90 days.
 */
export function readExpiry(text: string, now: number): string {
  const days = /^([1-9]\d{0,3})d$/.exec(text);
  const ms = days === null ? parseDuration(text) : Number(days[1]) * DAY_MS;
  const written =
    ms === null
      ? text
      : days === null
        ? `${new Date(now + ms).toISOString().slice(0, 19)}Z`
        : new Date(now + ms).toISOString().slice(0, 10);
  const moment = parseMoment(written, "end");
  if (moment === null) {
    throw new Failure("usage", `--expires ${text} is neither a date nor a duration`, {
      hint: "write it as 2026-12-24, as 14d or as 36h",
    });
  }
  if (ms === 0 || Date.parse(moment) <= now) {
    throw new Failure("usage", `--expires ${text} is over already`, {
      hint: `it is ${writtenDate(isoTime(now))}; a waiver is for a time to come`,
    });
  }
  // A date is read as its end, so the ninetieth day counts whole.
  if (ms === null ? Date.parse(moment) >= now + (LONGEST_DAYS + 1) * DAY_MS : ms > LONGEST_DAYS * DAY_MS) {
    throw new Failure("usage", `--expires ${text} is more than ${LONGEST_DAYS} days ahead`, {
      hint: `at most ${LONGEST_DAYS}d: whoever accepts it longer looks again then`,
    });
  }
  return written;
}
