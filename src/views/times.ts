/** `10:31:02` of an ISO 8601 time; the text itself when it is none. */
export function clockTime(iso: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(iso)?.[1] ?? iso;
}

/** `2027-11-02` of an ISO 8601 time. */
export function dateOf(iso: string): string {
  return iso.slice(0, 10);
}
