import { wasVerified } from "../planner/rotation-member.ts";
import { holding } from "../planner/startable.ts";
import { LAGGING } from "../planner/steps.ts";
import { type GuardId, needsOwnApproval, type Step } from "../rotation/plan.ts";
import { openRotation } from "../rotation/record.ts";
import { isApproved, unnamed } from "./approval.ts";
import { type ClockWork, CURABLE } from "./by-clock.ts";
import type { ClusterRun } from "./context.ts";
import { lacksChecks } from "./own-checks.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** The steps of the plan that was approved, by their ids: as they were judged then. */
export type PlannedSteps = ReadonlyMap<string, Step>;

/** Why a step is not taken, or `null`. A phase that was entered and not yet verified is waited for instead. */
export function refusalOf(
  run: ClusterRun,
  atHand: StepAtHand,
  clock: ClockWork | null,
  planned: PlannedSteps,
): string | null {
  return isPhaseToWaitFor(atHand, clock)
    ? refusalToWait(run, atHand.step, planned)
    : refusalToTake(run, atHand, planned);
}

function refusalToTake(run: ClusterRun, atHand: StepAtHand, planned: PlannedSteps): string | null {
  const { step } = atHand;
  const name = `${step.authority} ${step.from} → ${step.to}`;
  const failing = failingIn(step);
  if (atHand.unsettled && step.action === "rotate") {
    return `${name} waits: the override entries of ${step.authority} are not as git wants them; run again`;
  }
  if (atHand.drift !== null && step.action === "rotate") {
    return `${name} waits: ${atHand.drift.subject} ${atHand.drift.message}`;
  }
  if (step.action === "verify" && failing.length === 0) return null;
  if (failing.length > 0) return `${name} is blocked by ${failing.join(", ")}`;
  if (lacksChecks(atHand)) return `${name} waits: its checks were not run`;
  const before = planned.get(step.id);
  if (before === undefined) {
    return `${name} is not part of the approved plan: the cluster moved meanwhile; plan again`;
  }
  // Its turn has come, and what it comes after was not done.
  if (step.after !== null) return `${name} comes after ${step.after}, which was not taken`;
  if (isTaken(run, step)) return null;
  return refusalToDrop(run, atHand, before) ?? `${name} needs approval: ${flagsFor(run, atHand, planned)}`;
}

/** Every approval that the rotation takes by the plan, at once: whoever cannot be asked learns them in one round. */
function flagsFor(run: ClusterRun, { rotationName }: StepAtHand, planned: PlannedSteps): string {
  const isFinal = [...planned.values()].some(
    (step) => step.id.startsWith(`${rotationName}/`) && needsOwnApproval(step) && !isTaken(run, step),
  );
  const final = `--approve-final=${run.cluster.name}/${rotationName}`;
  return isFinal
    ? `--auto-approve, and ${final} for the point of no return, which is planned too; or a terminal`
    : "--auto-approve, or a terminal";
}

/** What drops a key for good, or would have by the plan that was approved, has an approval of its own. */
export function refusalToDrop(
  run: ClusterRun,
  { step, rotationName }: StepAtHand,
  planned: Step,
): string | null {
  if (isTaken(run, step)) return null;
  const name = `${step.authority} ${step.from} → ${step.to}`;
  const flag = `--approve-final=${run.cluster.name}/${rotationName}`;
  if (!needsOwnApproval(step)) {
    return needsOwnApproval(planned)
      ? `${name} was the point of no return in the plan, and was not approved by itself: ${flag} beside --auto-approve, or a terminal`
      : null;
  }
  const added = unnamed(run.approval, run.cluster.name, step);
  if (added.length > 0) {
    return `${name} was approved before ${added.join(", ")} was named among those who may live by the key that goes: look at the plan, and approve it anew`;
  }
  return step.starts_clock === true
    ? `${name} starts what drops the old key by itself, the point of no return, and needs its own approval: ${flag} beside --auto-approve, or a terminal`
    : `${name} is the point of no return and needs its own approval: ${flag} beside --auto-approve, or a terminal`;
}

function isTaken({ approval, cluster }: ClusterRun, step: Step): boolean {
  return isApproved(approval, cluster.name, step);
}

/** What holds a step whatever is approved. */
export function failingIn(step: Step): readonly GuardId[] {
  return holding(step).map(({ id }) => id);
}

/**
 * A phase that was entered, not verified yet, and in which only components lag: they are waited for. Where a clock
 * took it there, other things may be missing too, and are looked at after them.
 */
function isPhaseToWaitFor(atHand: StepAtHand, clock: ClockWork | null): boolean {
  const { step } = atHand;
  if (step.awaited === true || clock === null) return step.awaited === true;
  const comes: readonly GuardId[] = [...LAGGING, ...CURABLE];
  const onlyLagging = failingIn(step).every((id) => comes.includes(id));
  const memory = openRotation(atHand.record, step.authority);
  return step.action === "verify" && onlyLagging && !wasVerified({ live: atHand.live, memory });
}

/** A wait may end in a rollback: it was approved with the step that began it, and a new run asks anew. */
function refusalToWait(run: ClusterRun, step: Step, planned: PlannedSteps): string | null {
  if (!planned.has(step.id) || isTaken(run, step)) return null;
  return `${step.authority}: the wait for ${step.to} needs approval: --auto-approve, or a terminal`;
}

/** A guard holds the step, and it is not those who are waited for anyway. `clock`: the one that moves the rotation. */
export function isHeldNow(atHand: StepAtHand, clock: ClockWork | null): boolean {
  return failingIn(atHand.step).length > 0 && !isPhaseToWaitFor(atHand, clock);
}
