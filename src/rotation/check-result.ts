import type { SessionEvidence } from "./session-evidence.ts";

/** Of its newest result, where that is newer than the last transition. */
export type CheckState = CheckResult["outcome"] | "not_yet";

/** What came of a check the last time it ran. Names are a contract: it stands in the record and in plans. */
export interface CheckResult {
  readonly name: string;
  /** Hash of the check as it is written: with another content it is another check, of which nothing is known. */
  readonly content: string;
  /** When it had ended, ISO 8601. */
  readonly at: string;
  /** `not_run`: it could not be started, or there was nobody to try it on, which proves nothing. */
  readonly outcome: "passed" | "failed" | "not_run";
  /** How many of those that were tried let it in. */
  readonly passed: number;
  readonly of: number;
  /** What explains a failure, without secrets; `""` where there is nothing to say. */
  readonly detail: string;
}

/** The same, with what its output shows beside; that is kept by itself. */
export interface CheckOutcome extends CheckResult {
  readonly sessions?: readonly SessionEvidence[];
}
