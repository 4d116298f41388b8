const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z)?$/;

/**
 * A date as people write it: `10 December 2026`, with `, 14:30 UTC` where the hour matters; the last second of a day is
 * that day. `iso` is ISO 8601 in UTC; what is none comes back as it is.
 */
export function writtenDate(iso: string): string {
  const [, year, month, day, hours, minutes, seconds] = ISO.exec(iso) ?? [];
  const name = MONTHS[Number(month) - 1];
  if (year === undefined || name === undefined) return iso;
  const date = `${Number(day)} ${name} ${year}`;
  const isWholeDay = hours === undefined || `${hours}:${minutes}:${seconds}` === "23:59:59";
  return isWholeDay ? date : `${date}, ${hours}:${minutes} UTC`;
}

/**
 * A time to come, from when on something may happen: `Wed 2 December 2026, 22:00 UTC`. A minute that has begun is not
 * over, so seconds round up.
 */
export function writtenMoment(iso: string): string {
  const ms = Math.ceil(Date.parse(iso) / 60_000) * 60_000;
  if (Number.isNaN(ms)) return iso;
  const at = new Date(ms);
  return `${WEEKDAYS[at.getUTCDay()]} ${writtenDate(at.toISOString())}`;
}
