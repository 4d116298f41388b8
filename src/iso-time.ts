/** A moment in ISO 8601, UTC, to the millisecond: as records, events and locks have it. `ms`: since the epoch. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
