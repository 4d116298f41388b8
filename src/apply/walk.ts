import { isoTime } from "../iso-time.ts";
import type { Phase } from "../rotation/phase.ts";
import type { Finding, Step } from "../rotation/plan.ts";
import { type BackupRecord, openRotation } from "../rotation/record.ts";
import { backUp } from "./backup.ts";
import {
  type ClockWork,
  CURABLE,
  clockWork,
  mayStillBeCured,
  untilNextLook,
  watchEvents,
} from "./by-clock.ts";
import { claimPlace } from "./campaign-place.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow, type UntimedEvent } from "./emit-now.ts";
import type { WorkEnding } from "./ending.ts";
import { type FreshLook, lookAt } from "./fresh-look.ts";
import { needsBackup } from "./intent.ts";
import { interruptible } from "./interruption.ts";
import { nextStep } from "./next-step.ts";
import { checksDue, runAndRemember, withoutChecks } from "./own-checks.ts";
import { failingIn, isHeldNow, type PlannedSteps, refusalOf } from "./refuse-step.ts";
import {
  beforeSecondLook,
  type Expected,
  SECOND_LOOK_MS,
  sayMoved,
  takesTwoLooks,
  untilSure,
} from "./second-look.ts";
import { takeStep } from "./step.ts";
import type { StepAtHand } from "./step-at-hand.ts";
import { leftByClock, turnBack, unfinished } from "./turn-back.ts";

/**
 * One rotation, step after step, until it is where git wants it, blocked, or turned back. Every step has a look of its
 * own; `first` is the one that the plan was made from, and is taken when it is of the last seconds.
 */
export async function walk(
  run: ClusterRun,
  name: string,
  planned: PlannedSteps,
  first: FreshLook | null,
): Promise<WorkEnding> {
  let secondLooks: readonly string[] = [];
  let checkedSteps: readonly string[] = [];
  let watched: readonly UntimedEvent[] = [];
  let wentBack: string | null = null;
  let expected: Expected | null = null;
  let leaving: Phase | null = null;
  const kept = new Map<string, BackupRecord>();
  for (let look = first; ; look = null) {
    run.signal.throwIfAborted();
    const fresh = look?.isFresh(run) === true ? look : await lookAt(run);
    sayMoved(run, fresh, expected);
    expected = null;
    const atHand = await nextStep(run, fresh, name, run.desired);
    const clock = clockWork(run, fresh, name);
    if (atHand === null && clock === null) return { outcome: "applied", message: "" };
    const isLeaving = clock?.live.rotation.phase === leaving;
    if (clock !== null && (atHand === null || isLeaving || hasTime(atHand, clock, run.clock.now()))) {
      watched = sayWatched(run, watchEvents(run, fresh, clock, name), watched);
      await run.clock.sleep(untilNextLook(clock), run.signal);
      continue;
    }
    if (atHand === null) throw new Error("a rotation without a step is either over or watched");
    const { step } = atHand;
    if (clock !== null && isHeldNow(atHand, clock)) {
      const message = `the clock would go on to the next phase, and ${failingIn(step).join(", ")} would not`;
      leaving = await leftByClock(run, atHand);
      if (leaving !== null) continue;
      return await turnBack(run, atHand, { result: "failed", message, findings: findingsIn(step) });
    }
    const checks = clock === null ? checksDue(atHand, checkedSteps) : [];
    const refused = refusalOf(run, checks.length === 0 ? atHand : withoutChecks(atHand), clock, planned);
    if (refused !== null) {
      if (wentBack === null || step.from !== "standby") return blocked(run, atHand, refused);
      return { outcome: "rolled-back", message: wentBack };
    }
    const noPlace = await claimPlace(run, name, step);
    if (noPlace !== null) return blocked(run, atHand, noPlace);
    const pause = takesTwoLooks(atHand) && !secondLooks.includes(step.id) ? SECOND_LOOK_MS : 0;
    const wait = Math.max(pause, untilSure(run, atHand));
    if (wait > 0) {
      secondLooks = [...secondLooks, step.id];
      expected = await beforeSecondLook(run, atHand, wait);
      continue;
    }
    if (checks.length > 0) {
      checkedSteps = [...checkedSteps, step.id];
      await runAndRemember(run, step.authority, checks);
      continue;
    }
    const backup = await backedUp(run, atHand, kept);
    // A backup may take minutes: then the step is judged anew, by a look that was made for it.
    if (!fresh.isFresh(run)) continue;
    const result = await interruptible(run, atHand, () => takeStep(run, atHand, { reason: null, backup }));
    if (result.result === "failed") {
      leaving = await leftByClock(run, atHand);
      if (leaving !== null) continue;
      return await turnBack(run, atHand, result);
    }
    wentBack ??= turnedBackBefore(atHand);
  }
}

/** The step is not taken, and that ends the walk. */
function blocked(run: ClusterRun, { cluster, rotationName, step }: StepAtHand, refused: string): WorkEnding {
  emitNow(run, { type: "blocked", cluster: cluster.name, rotation: rotationName, step });
  return step.from === "rollback" ? unfinished(step, refused) : { outcome: "blocked", message: refused };
}

/** Why a run before this one turned the rotation back, although git wants it to go on; else `null`. */
function turnedBackBefore({ record, step, resource }: StepAtHand): string | null {
  if (resource === null || resource.phase === "rollback") return null;
  const memory = openRotation(record, step.authority);
  return memory?.state === "rolling_back" ? (memory.reason ?? "it was turned back") : null;
}

/** Only what is new: a look comes every few seconds. */
function sayWatched(
  run: ClusterRun,
  events: readonly UntimedEvent[],
  before: readonly UntimedEvent[],
): readonly UntimedEvent[] {
  const known = before.map((event) => JSON.stringify(event));
  for (const event of events) if (!known.includes(JSON.stringify(event))) emitNow(run, event);
  return events;
}

function findingsIn({ guards }: Step): readonly Finding[] {
  return guards.flatMap(({ findings }) => findings);
}

/** Held by what people or time cure, and the clock leaves them some. */
function hasTime(atHand: StepAtHand, clock: ClockWork, now: number): boolean {
  const curable = failingIn(atHand.step).every((id) => CURABLE.includes(id));
  return isHeldNow(atHand, clock) && curable && mayStillBeCured(clock, now);
}

/** What was kept for a step is not kept again when it is judged anew. */
async function backedUp(
  run: ClusterRun,
  atHand: StepAtHand,
  kept: Map<string, BackupRecord>,
): Promise<BackupRecord | null> {
  if (!needsBackup(atHand)) return null;
  const known = kept.get(atHand.step.id);
  if (known !== undefined) return known;
  const made = await backUp(run, atHand, isoTime(run.clock.now()));
  kept.set(atHand.step.id, made);
  return made;
}
