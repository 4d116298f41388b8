import { Failure } from "../failure.ts";
import type { TransitionReply, TransitionRequest } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import { openRotation } from "../rotation/record.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import { takeBack } from "./intent.ts";
import { noteStep } from "./journal.ts";
import { DOUBT_MS, readBack } from "./read-back.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** What came of a request. `asked`: what was seen before it, where the platform took it and it was read back. */
interface Transition {
  /** The failure where it has begun, is not done, and there is a way back. */
  readonly taken: ClusterObservation | Failure;
  readonly asked: LiveAuthority | null;
}

/**
 * Asks the platform for the phase and reads back until it is observed; where an earlier run has asked, it reads first.
 * Throws the `Failure` of a request that changed nothing, or a `Failure` (`refused`) where the platform took it and does
 * not show it in the time of the phase.
 */
export async function transition(run: ClusterRun, atHand: StepAtHand): Promise<Transition> {
  const { step, platform, cluster } = atHand;
  if (mayBeUnderWay(run, atHand)) {
    const observation = await readBack(run, atHand, step.to, DOUBT_MS);
    if (observation !== null) return { taken: observation, asked: null };
  }
  // Nothing has gone out yet: a safe point.
  if (run.signal.aborted) await takeBack(run, atHand);
  run.signal.throwIfAborted();
  emitNow(run, {
    type: "transition-requested",
    cluster: cluster.name,
    authority: step.authority,
    to: step.to,
  });
  const reply = await platform.transition({
    authority: step.authority,
    to: step.to,
    ...automaticStart(atHand),
    confirm: () => run.lock.confirm(),
    progress: (message) => emitNow(run, { type: "notice", cluster: run.cluster.name, message }),
  });
  const observation = await readBack(run, atHand, step.to, patienceWith(reply, atHand));
  if (observation !== null) return { taken: observation, asked: reply.accepted ? atHand.live : null };
  await noteStep(run, atHand, saidNo(reply) ? "refused" : "failed", reply.message);
  if (!reply.accepted) {
    const canTurnBack = reply.begun === true && step.to !== "rollback" && step.to !== "standby";
    if (canTurnBack) return { taken: reply.failure, asked: null };
    throw reply.failure;
  }
  const name = `${step.authority} ${step.from} → ${step.to}`;
  throw new Failure("refused", `${cluster.name} accepted ${name}, but it was not observed in time`, {
    hint: "look at `capstan status`; the next run goes on from what it then observes",
  });
}

/** What was accepted and is not seen, and what ended without an answer, nobody has refused. */
function saidNo(reply: TransitionReply): boolean {
  return !reply.accepted && (reply.failure.code === "refused" || reply.failure.code === "denied");
}

/** Only the start of a rotation makes it automatic; every later request takes it into manual hands. */
function automaticStart({ step, resource }: StepAtHand): Pick<TransitionRequest, "automatic"> {
  const gracePeriodMs = resource?.mode === "auto" ? resource.gracePeriodMs : null;
  return step.to === "init" && gracePeriodMs != null ? { automatic: { gracePeriodMs } } : {};
}

/**
 * An accepted transition gets the time of the phase, an error just long enough to outlast a stale read. Who may
 * not rotate has not rotated: one look is enough.
 */
function patienceWith(reply: TransitionReply, { cluster, platform }: StepAtHand): number {
  if (platform.consistent === true) return 0;
  if (reply.accepted) return cluster.policy.phaseTimeoutMs;
  return reply.failure.code === "denied" ? 0 : DOUBT_MS;
}

/** A run before this one asked for the same, so lately that the read which shows it undone may be stale. */
function mayBeUnderWay({ clock }: ClusterRun, { record, step, platform }: StepAtHand): boolean {
  if (platform.consistent === true) return false;
  const requested = openRotation(record, step.authority)?.requested;
  return requested?.to === step.to && clock.now() - Date.parse(requested.at) < DOUBT_MS;
}
