import { checkFinding } from "../checks/judge.ts";
import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { ended, endOf } from "../record/changes/ended.ts";
import { entered, verified } from "../record/changes/seen.ts";
import { newKeyWasUsed } from "../rotation/evidence.ts";
import { standingsOf } from "../rotation/followers.ts";
import { keysAfter } from "../rotation/key-sets.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Finding } from "../rotation/plan.ts";
import type { RotationRecord } from "../rotation/record.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import type { Laggard } from "./event.ts";
import { noteIntent, type StepOptions } from "./intent.ts";
import { noteStep } from "./journal.ts";
import { failedAfter, failedChecksText } from "./own-checks.ts";
import { saveRotation } from "./save-rotation.ts";
import type { StepAtHand } from "./step-at-hand.ts";
import { transition } from "./transition.ts";
import { waitForComponents } from "./wait.ts";

/** What came of a step. `failed`: it was taken and did not verify in its time. */
export type StepResult =
  /** `observation`: the look at everything that proved it. */
  | { readonly result: "verified"; readonly observation: ClusterObservation }
  | { readonly result: "failed"; readonly message: string; readonly findings: readonly Finding[] };

/**
 * Takes one step: note the intent, act, read back until the target is observed, look at the keys, wait for the
 * components, note the outcome (design, section 5). Throws a `Failure` when nothing happened.
 */
export async function takeStep(
  run: ClusterRun,
  atHand: StepAtHand,
  { reason, backup }: StepOptions,
): Promise<StepResult> {
  const { step, cluster, rotationName } = atHand;
  atHand.look.use();
  emitNow(run, { type: "step-started", cluster: cluster.name, rotation: rotationName, step });
  const before = await noteIntent(run, atHand, { reason, backup });
  const { taken, asked } =
    step.action === "verify" ? { taken: atHand.observation, asked: null } : await transition(run, atHand);
  if (taken instanceof Failure) {
    const remedy = taken.hint ?? "look at the machine that is named";
    return fail(run, atHand, "it was left half-way", [
      { subject: `authority/${step.authority}`, message: taken.message, remedy },
    ]);
  }
  const observation = taken;
  const live = authorityIn(observation, step.authority);
  const now = isoTime(run.clock.now());
  const memory = entered(before, live, now, atHand.observation.profile, asked);
  await saveRotation(run, atHand, memory);
  emitNow(run, {
    type: "transition-observed",
    cluster: cluster.name,
    authority: step.authority,
    phase: live.rotation.phase,
  });
  if (step.action === "rotate") await noteStep(run, atHand, "observed", live.rotation.currentId);
  const wrongKeys =
    step.action === "verify" ? [] : keysAfter(step, memory.retire, live, atHand.observation.profile);
  const goingBack = memory.state === "rolling_back";
  if (wrongKeys.length > 0 && !goingBack)
    return fail(run, atHand, "the keys are not as they should be", wrongKeys);
  const free = goingBack && newKeyWasUsed(memory, live, atHand.observation.profile) === "refuted";
  const tolerated = free ? laggingBefore(run, atHand, memory) : new Set<string>();
  const wait = await waitForComponents(run, atHand, memory.roster ?? [], step.to, tolerated);
  const waitedFor = wait.laggards.filter(({ subject }) => !tolerated.has(subject));
  if (waitedFor.length > 0 && !free) {
    const message = run.turnBack.aborted
      ? "a person asked for the rollback"
      : `not everybody followed to ${step.to} in time`;
    return fail(run, atHand, message, waitedFor.map(notFollowed));
  }
  const shutOut = await failedAfter(run, atHand);
  if (shutOut.length > 0)
    return fail(run, atHand, failedChecksText(step.to, shutOut), shutOut.map(checkFinding));
  const everybody = wait.laggards.length === 0;
  await close(run, atHand, memory, { live, observation: wait.observation, wrongKeys, everybody });
  emitNow(run, { type: "step-verified", cluster: cluster.name, rotation: rotationName, step });
  await noteStep(run, atHand, "verified");
  return { result: "verified", observation: wait.observation };
}

interface Closing {
  /** As it was read back: what a wait reads after that may come from a cache that is behind. */
  readonly live: LiveAuthority;
  readonly observation: ClusterObservation;
  readonly wrongKeys: readonly Finding[];
  readonly everybody: boolean;
}

async function close(
  run: ClusterRun,
  atHand: StepAtHand,
  memory: RotationRecord,
  { live, observation, wrongKeys, everybody }: Closing,
): Promise<void> {
  const { step } = atHand;
  const now = isoTime(run.clock.now());
  const seen = everybody ? verified(memory, observation, step.to, now) : memory;
  if (step.to !== "standby") return await saveRotation(run, atHand, seen);
  for (const { message } of wrongKeys) emitNow(run, { type: "notice", cluster: run.cluster.name, message });
  const told = memory.state === "rolling_back" ? "rolled_back" : "finished";
  const how = endOf(memory, live) ?? told;
  await saveRotation(run, atHand, ended(seen, how, now));
}

async function fail(
  run: ClusterRun,
  atHand: StepAtHand,
  message: string,
  findings: readonly Finding[],
): Promise<StepResult> {
  const { step, cluster, rotationName } = atHand;
  emitNow(run, {
    type: "step-failed",
    cluster: cluster.name,
    rotation: rotationName,
    step,
    message,
    findings,
  });
  await noteStep(run, atHand, "failed", message);
  return { result: "failed", message, findings };
}

function notFollowed({ subject, message }: Laggard): Finding {
  return { subject, message, remedy: "start or repair it; `capstan status` shows when it follows" };
}

/** Who lagged before the step: the reason for a rollback does not have to follow it. */
function laggingBefore(run: ClusterRun, { observation, live, step }: StepAtHand, memory: RotationRecord) {
  const { others } = standingsOf(observation, live, memory.roster ?? [], step.from, run.clock.now());
  return new Set(others.map(({ subject }) => subject));
}

function authorityIn(observation: ClusterObservation, type: string): LiveAuthority {
  const live = observation.authorities.find((authority) => authority.type === type);
  if (live !== undefined) return live;
  throw new Failure("executable", `the ${type} CA is not in the listing any more`, {
    hint: "look at `capstan status`; the next run goes on from what it then observes",
  });
}
