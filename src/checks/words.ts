import type { CheckResult, CheckState } from "../rotation/check-result.ts";

/** How a check ended, in a few words: `passed 3 of 3`. */
export function resultText({ outcome, passed, of }: Pick<CheckResult, "outcome" | "passed" | "of">): string {
  switch (outcome) {
    case "passed":
    case "failed":
      return `${outcome}, ${passed} of ${of}`;
    case "not_run":
      return "could not be run";
  }
}

/** What is known of a check: `3 of 3, 12 s ago; baseline 3 of 3`. `now`: milliseconds since the epoch. */
export function evidenceText(
  {
    last,
    baseline,
    state,
  }: {
    readonly last: CheckResult | null;
    readonly baseline: CheckResult | null;
    readonly state: CheckState;
  },
  now: number,
): string {
  return [newest(last, state, now), ...(baseline === null ? [] : [`baseline ${counted(baseline)}`])].join(
    "; ",
  );
}

function newest(last: CheckResult | null, state: CheckState, now: number): string {
  if (last === null) return "not run yet";
  const seen = `${counted(last)}, ${age(now - Date.parse(last.at))} ago`;
  return state === "not_yet" ? `not run since the last transition; before it ${seen}` : seen;
}

function counted({ outcome, passed, of }: CheckResult): string {
  return outcome === "not_run" ? "could not be run" : `${passed} of ${of}`;
}

/** `12 s`, `5 min`, `3 h`, `2 days`: the largest unit that leaves more than one of it. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
