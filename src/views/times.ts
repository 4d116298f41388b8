/** `10:31:02` of an ISO 8601 time; the text itself when it is none. */
export function clockTime(iso: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(iso)?.[1] ?? iso;
}

/** `2027-11-02` of an ISO 8601 time. */
export function dateOf(iso: string): string {
  return iso.slice(0, 10);
}

const WEEKDAY_WORDS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTH_WORDS = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
] as const;

/** `Wed 2 Dec 2026 22:00 UTC` of an ISO 8601 time; begun minutes are not over, so seconds round up. */
export function momentText(iso: string): string {
  const at = new Date(Math.ceil(Date.parse(iso) / 60_000) * 60_000);
  if (Number.isNaN(at.getTime())) return iso;
  const day = `${WEEKDAY_WORDS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTH_WORDS[at.getUTCMonth()]}`;
  return `${day} ${at.getUTCFullYear()} ${at.toISOString().slice(11, 16)} UTC`;
}
