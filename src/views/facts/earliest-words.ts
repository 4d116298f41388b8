import type { Step, TimeReason } from "../../rotation/plan.ts";
import { writtenMoment } from "../../written-date.ts";

const REASONS: Readonly<Record<TimeReason, string>> = {
  soak: "soak time",
  sessions: "sessions of the old key",
  window: "window",
  freeze: "freeze",
  wave: "waves before",
  hold: "hold",
};

/** `not before Wed 2 December 2026, 22:00 UTC (window)`; `null` where time does not hold the step. */
export function earliestText({
  earliest = null,
  earliest_by = null,
}: Pick<Step, "earliest" | "earliest_by">): string | null {
  if (earliest === null) return null;
  return `not before ${writtenMoment(earliest)}${reasonText(earliest_by)}`;
}

/** ` (window)`, behind a moment; empty where there is no reason. */
export function reasonText(by: TimeReason | null): string {
  return by === null ? "" : ` (${REASONS[by]})`;
}
