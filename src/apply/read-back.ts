import { Failure } from "../failure.ts";
import type { ObserveScope } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ClusterRun } from "./context.ts";
import { Deadline } from "./deadline.ts";
import { emitNow } from "./emit-now.ts";
import type { RunClock } from "./run-clock.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** Reads are cached: right after a write they show the old phase, for up to seconds (recordings/README). */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
/** How long a refused or ambiguous transition may take to show up before the refusal is believed. */
export const DOUBT_MS = 12_000;

/**
 * Reads until the authority is observed in `phase`, at least once; `null` when it is not within the time. What went
 * out is read back whatever happens: a person who wants to stop is told what it came to.
 */
export async function readBack(
  run: ClusterRun,
  atHand: StepAtHand,
  phase: Phase,
  withinMs: number,
): Promise<ClusterObservation | null> {
  const deadline = new Deadline(run.clock, withinMs);
  for (const pause of pauses(run.clock)) {
    const observation = await tryObserve(
      run,
      { components: [], base: atHand.observation, evenWhenStopping: true },
      deadline,
    );
    const live = observation?.authorities.find(({ type }) => type === atHand.step.authority);
    if (observation !== null && live !== undefined && isIn(live, phase)) return observation;
    if (deadline.isOver()) return null;
    await deadline.pause(pause, NEVER);
  }
  return null;
}

/** A call that went out is always read back, even when the person wants to stop. */
export const NEVER = new AbortController().signal;

function isIn(live: LiveAuthority, phase: Phase): boolean {
  return live.rotation.phase === phase && (phase === "standby") === (live.rotation.state === "standby");
}

/** A read that fails is tried again until the time is up: a wait must not end in an error over one lost call. */
export async function tryObserve(
  run: ClusterRun,
  scope: ObserveScope,
  deadline: Deadline,
): Promise<ClusterObservation | null> {
  try {
    const observation = run.rows.note(await run.platform.observe(scope), scope);
    // A cache that is behind shows nothing new; a wait asks again anyway.
    const isBehind = run.sightings.behindMs(observation, run.cluster.policy.staleReadMs) > 0;
    if (!isBehind) run.sightings.note(observation);
    return observation;
  } catch (error) {
    const stopping = run.signal.aborted && scope.evenWhenStopping !== true;
    if (!(error instanceof Failure) || deadline.isOver() || stopping) throw error;
    emitNow(run, {
      type: "notice",
      cluster: run.cluster.name,
      message: `reading ${run.cluster.name} failed, trying again: ${error.message}`,
    });
    return null;
  }
}

/**
 * Pauses between two looks, endless: a tenth of what was waited so far, so that hardly anybody waits longer than needed,
 * and no shorter than the look before took, so that a large cluster or a busy machine is not looked at all the time.
 */
export function* pauses(clock: RunClock): Generator<number> {
  const began = clock.monotonic();
  for (let pause = FIRST_PAUSE_MS, before = began; ; ) {
    yield pause;
    const now = clock.monotonic();
    const looked = now - before - pause;
    before = now;
    const needed = Math.max((now - began) / 10, looked, FIRST_PAUSE_MS);
    pause = Math.round(Math.min(needed, LONGEST_PAUSE_MS));
  }
}
