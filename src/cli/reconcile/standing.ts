import type { Sample } from "../../views/metrics/metric-table.ts";

/** What is served and written down about the loop: where it stands after its last round. */
export interface LoopStanding {
  /** ISO 8601; `null` before the first round ended. */
  readonly round_at: string | null;
  /** The last one without a failure. */
  readonly success_at: string | null;
  /** Rounds in a row that could not do what they should. */
  readonly failures: number;
  readonly commit: string | null;
  /** How the last round ended, in a line. */
  readonly message: string;
}

/** Before the first round. */
export const NOT_BEGUN: LoopStanding = {
  round_at: null,
  success_at: null,
  failures: 0,
  commit: null,
  message: "the first round has not ended yet",
};

/** After a round in which every cluster was tried, and none failed. `at`: ISO 8601. */
export function afterRound(
  { commit, message }: Pick<LoopStanding, "commit" | "message">,
  at: string,
): LoopStanding {
  return { round_at: at, success_at: at, failures: 0, commit, message };
}

/** After one that could not do what it should. */
export function afterFailure(before: LoopStanding, message: string, at: string): LoopStanding {
  return { ...before, round_at: at, failures: before.failures + 1, message };
}

/** Whether it does what it is there for: a round ended, and without a failure. */
export function isReady({ round_at, failures }: LoopStanding): boolean {
  return round_at !== null && failures === 0;
}

/** The numbers about the loop itself. */
export function loopSamples(
  { round_at, success_at, failures }: LoopStanding,
  notifyFailures: number,
): readonly Sample[] {
  const at = (name: Sample["name"], iso: string | null): readonly Sample[] =>
    iso === null ? [] : [{ name, labels: {}, value: Date.parse(iso) / 1000 }];
  return [
    { name: "capstan_reconcile_failures", labels: {}, value: failures },
    ...at("capstan_reconcile_round_timestamp_seconds", round_at),
    ...at("capstan_reconcile_success_timestamp_seconds", success_at),
    { name: "capstan_notify_failures", labels: {}, value: notifyFailures },
  ];
}
