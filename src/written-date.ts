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
