import { checksOfAuthority, checksOfStep, runsAfter, takesThemAll } from "../checks/due.ts";
import { checkFinding, isHolding, type JudgedCheck, judgeCheck } from "../checks/judge.ts";
import { resultText } from "../checks/words.ts";
import { checked } from "../record/changes/checked.ts";
import { sessionsSeen } from "../record/changes/overridden.ts";
import type { AccessCheck } from "../resources/model/access-check.ts";
import type { CheckOutcome, CheckResult } from "../rotation/check-result.ts";
import type { GuardVerdict, Step } from "../rotation/plan.ts";
import { type ClusterRecord, openRotation } from "../rotation/record.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/*
 * Checks of one's own within a run (design, section 5): before init and before the point of no return all of the CA,
 * after a transition as a part of its verification, and before any other step those of which nothing is known, or
 * nothing good.
 */

/** The checks to run before a step is judged for the last time. `tried`: steps for which this run has done so. */
export function checksDue(
  { step, cluster, observation: { profile } }: StepAtHand,
  tried: readonly string[],
): readonly AccessCheck[] {
  const verdict = verdictIn(step);
  // A phase that is waited for has its checks run at the end of that wait.
  if (verdict === undefined || tried.includes(step.id) || step.awaited === true) return [];
  const isKnown = verdict.outcome === "pass" && verdict.pending !== true;
  const isWaited = step.action === "verify" && verdict.pending === true;
  if (isWaited || (isKnown && !takesThemAll(step))) return [];
  return checksOfStep(checksOfAuthority(cluster, profile, step.authority), step);
}

/** The same step, as it is judged without its checks: who is held by something else is not asked for them. */
export function withoutChecks(atHand: StepAtHand): StepAtHand {
  const { step } = atHand;
  return { ...atHand, step: { ...step, guards: step.guards.filter(({ id }) => id !== GUARD) } };
}

/** Checks that had to run before the step did not: an absent result proves nothing. */
export function lacksChecks({ step }: Pick<StepAtHand, "step">): boolean {
  return step.action === "rotate" && verdictIn(step)?.pending === true;
}

const GUARD = "checks";

function verdictIn({ guards }: Pick<Step, "guards">): GuardVerdict | undefined {
  return guards.find(({ id }) => id === GUARD);
}

/**
 * Runs the checks of the phase that was entered, and finds those that hold the rotation by having failed. Waivers in
 * force cover theirs. On the way back only what git names for it is run.
 */
export async function failedAfter(run: ClusterRun, atHand: StepAtHand): Promise<readonly JudgedCheck[]> {
  const { step, cluster, resource, observation } = atHand;
  const { authority, to } = step;
  const goingBack = openRotation(await run.store.load(cluster.name), authority)?.state === "rolling_back";
  if (goingBack && to !== "rollback") return [];
  const checks = checksOfAuthority(cluster, observation.profile, authority).filter((check) =>
    runsAfter(check, to),
  );
  const past = await runAndRemember(run, authority, checks);
  const memory = { past, record: openRotation(past, authority), authority, phase: to };
  const now = run.clock.now();
  const waived = (resource?.waive ?? [])
    .filter(({ guard, expires }) => guard === GUARD && Date.parse(expires) > now)
    .map(({ subject }) => subject);
  return checks
    .map((check) => judgeCheck(check, memory))
    .filter((one) => one.state === "failed" && isHolding(one, false))
    .filter((one) => !waived.includes(checkFinding(one).subject));
}

/** Runs them, tells of each, and gives the record in which the results are. */
export async function runAndRemember(
  run: ClusterRun,
  authority: string,
  checks: readonly AccessCheck[],
): Promise<ClusterRecord> {
  const { cluster, store, runChecks, signal } = run;
  const results =
    checks.length === 0 || runChecks === undefined ? [] : await runChecks(cluster, checks, signal);
  for (const result of results)
    emitNow(run, { type: "notice", cluster: cluster.name, message: told(authority, result) });
  const sessions = results.flatMap((result) => result.sessions ?? []);
  const names = (cluster.checks ?? []).map(({ name }) => name);
  const seen = checked(await store.load(cluster.name), results.map(kept), names);
  const record = sessionsSeen(seen, sessions);
  if (results.length > 0) await store.save(record);
  return record;
}

/** What is kept of it as the newest result; its sessions are kept by themselves. */
function kept({ sessions: _, ...result }: CheckOutcome): CheckResult {
  return result;
}

function told(authority: string, result: CheckResult): string {
  const detail = result.detail === "" ? "" : `: ${result.detail}`;
  return `${authority}: check ${result.name} ${resultText(result)}${detail}`;
}

/** Why a transition did not verify, as a clause; who that is about is said behind it. */
export function failedChecksText(to: Step["to"], failed: readonly JudgedCheck[]): string {
  const which = failed.length === 1 ? "a check" : `${failed.length} checks`;
  const details = failed.flatMap(({ last }) => (last === null || last.detail === "" ? [] : [last.detail]));
  return `after ${to} ${which} failed${details.length === 0 ? "" : ` (${details.join("; ")})`}`;
}
