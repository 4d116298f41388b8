import { type AccessCheck, checkContent } from "../resources/model/access-check.ts";
import type { CheckResult, CheckState } from "../rotation/check-result.ts";
import type { Phase } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";
import { type ClusterRecord, phaseRecord, type RotationRecord } from "../rotation/record.ts";
import { resultText } from "./words.ts";

/** What is remembered of a check, and what that says of the phase that its CA is in. */
export interface JudgedCheck {
  readonly check: AccessCheck;
  /** The newest result, of whatever time. */
  readonly last: CheckResult | null;
  /** From before init of the rotation under way. */
  readonly baseline: CheckResult | null;
  /** `not_yet`: there is no result since the last transition. */
  readonly state: CheckState;
}

/** What a check is judged by besides itself. */
export interface CheckMemory {
  readonly past: ClusterRecord | undefined;
  readonly record: RotationRecord | undefined;
  readonly authority: string;
  /** The phase that the CA is in. */
  readonly phase: Phase;
}

/** Judges a check by its newest result in the record (design, section 5). */
export function judgeCheck(check: AccessCheck, memory: CheckMemory): JudgedCheck {
  const content = checkContent(check);
  const isOfIt = (result: CheckResult) => result.name === check.name && result.content === content;
  const last = memory.past?.checks?.find(isOfIt) ?? null;
  const baseline = memory.record?.baseline?.find(isOfIt) ?? null;
  const since = lastTransition(memory);
  const counts = last !== null && since !== null && Date.parse(last.at) >= since;
  return { check, last, baseline, state: counts ? last.outcome : "not_yet" };
}

/** Milliseconds since the epoch; `null` where nobody knows. What never moved has none, and any result is after it. */
function lastTransition({ past, record, authority, phase }: CheckMemory): number | null {
  if (record !== undefined && (phase !== "standby" || record.phases.length > 0)) {
    const since = phaseRecord(record, phase)?.since;
    return since === undefined ? null : Date.parse(since);
  }
  const ends = (past?.rotations ?? []).flatMap((one) =>
    one.authority === authority && one.ended_at !== null ? [Date.parse(one.ended_at)] : [],
  );
  return Math.max(0, ...ends);
}

/**
 * Whether its failure holds the rotation. What did not work before it does not say that the rotation broke it: that is
 * only told, unless the check is required. `starting`: there is no rotation yet, and what fails is the baseline itself.
 */
export function isHolding({ check, baseline, state }: JudgedCheck, starting: boolean): boolean {
  if (state === "not_run") return true;
  if (state !== "failed") return false;
  return check.required || (!starting && baseline?.outcome !== "failed");
}

/** What a person has to know of a check that holds the rotation. */
export function checkFinding({ check, last, baseline }: JudgedCheck): Finding {
  const seen = last === null ? "was not run" : resultText(last);
  const before = baseline === null ? "" : `; baseline ${baseline.passed} of ${baseline.of}`;
  const detail = last === null || last.detail === "" ? "" : `: ${last.detail}`;
  return {
    subject: `check/${check.name}`,
    message: `${seen}${detail}${before}`,
    remedy: `\`capstan check ${check.name}\` runs it again; when it passes there, apply goes on from here, as it runs it anew`,
  };
}
