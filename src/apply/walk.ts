import { heldByDrift } from "../planner/drift.ts";
import { wasVerified } from "../planner/rotation-member.ts";
import { holding } from "../planner/startable.ts";
import { LAGGING } from "../planner/steps.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import type { Phase } from "../rotation/phase.ts";
import { type Finding, type GuardId, needsOwnApproval, type Step } from "../rotation/plan.ts";
import { type BackupRecord, openRotation } from "../rotation/record.ts";
import { endOfRollback } from "../rotation/way-back.ts";
import { isApproved, unnamed } from "./approval.ts";
import { backUp } from "./backup.ts";
import {
  type ClockWork,
  CURABLE,
  clockWork,
  mayStillBeCured,
  untilNextLook,
  watchEvents,
} from "./by-clock.ts";
import { iso } from "./clock.ts";
import { type ClusterRun, journal, type Said, type Situation, say } from "./context.ts";
import type { RunOutcome } from "./event.ts";
import { type FreshLook, lookAt } from "./fresh-look.ts";
import { isAbort } from "./interruption.ts";
import { isUnsettled, planNow } from "./settle-overrides.ts";
import { needsBackup, type StepResult, takeStep } from "./step.ts";

/** How the work on one cluster, or on one rotation of it, ended. */
export interface Ending {
  readonly outcome: RunOutcome;
  readonly message: string;
}

/** The steps of the plan that was approved, by their ids: as they were judged then. */
type PlannedSteps = ReadonlyMap<string, Step>;

/**
 * One rotation, step after step, until it is where git wants it, blocked, or turned back. Every step has a look of its
 * own; `first` is the one that the plan was made from, and is taken when it is of the last seconds.
 */
export async function walk(
  run: ClusterRun,
  name: string,
  planned: PlannedSteps,
  first: FreshLook | null,
): Promise<Ending> {
  let secondLooks: readonly string[] = [];
  let watched: readonly Said[] = [];
  let wentBack: string | null = null;
  let expected: Expected | null = null;
  let leaving: Phase | null = null;
  const kept = new Map<string, BackupRecord>();
  for (let look = first; ; look = null) {
    run.signal.throwIfAborted();
    const fresh = look?.isFresh(run) === true ? look : await lookAt(run);
    sayMoved(run, fresh, expected);
    expected = null;
    const situation = await nextSituation(run, fresh, name, run.desired);
    const clock = clockWork(run, fresh, name);
    if (situation === null && clock === null) return { outcome: "applied", message: "" };
    const isLeaving = clock?.live.rotation.phase === leaving;
    if (clock !== null && (situation === null || isLeaving || hasTime(situation, clock, run.clock.now()))) {
      watched = sayWatched(run, watchEvents(run, fresh, clock, name), watched);
      await run.clock.sleep(untilNextLook(clock), run.signal);
      continue;
    }
    if (situation === null) throw new Error("a rotation without a step is either over or watched");
    const { step, cluster } = situation;
    if (clock !== null && isHeld(situation, clock)) {
      const message = `the clock would go on to the next phase, and ${failingIn(step).join(", ")} would not`;
      leaving = await leftByClock(run, situation);
      if (leaving !== null) continue;
      return await turnBack(run, situation, { result: "failed", message, findings: findingsIn(step) });
    }
    const refused = isAwaited(situation, clock)
      ? refusalToWait(run, step, planned)
      : refusalOf(run, situation, planned);
    if (refused !== null && wentBack !== null && step.from === "standby") {
      return { outcome: "rolled-back", message: wentBack };
    }
    if (refused !== null) {
      say(run, { type: "blocked", cluster: cluster.name, rotation: name, step });
      return step.from === "rollback" ? unfinished(step, refused) : { outcome: "blocked", message: refused };
    }
    const pause = takesTwoLooks(situation) && !secondLooks.includes(step.id) ? SECOND_LOOK_MS : 0;
    const wait = Math.max(pause, untilSure(run, situation));
    if (wait > 0) {
      secondLooks = [...secondLooks, step.id];
      expected = await beforeSecondLook(run, situation, wait);
      continue;
    }
    const backup = await backedUp(run, situation, kept);
    // A backup may take minutes: then the step is judged anew, by a look that was made for it.
    if (!fresh.isFresh(run)) continue;
    const result = await interruptible(run, situation, () =>
      takeStep(run, situation, { reason: null, backup }),
    );
    if (result.result === "failed") {
      leaving = await leftByClock(run, situation);
      if (leaving !== null) continue;
      return await turnBack(run, situation, result);
    }
    wentBack ??= turnedBackBefore(situation);
  }
}

/** Why a run before this one turned the rotation back, although git wants it to go on; else `null`. */
function turnedBackBefore({ record, step, resource }: Situation): string | null {
  if (resource === null || resource.phase === "rollback") return null;
  const memory = openRotation(record, step.authority);
  return memory?.state === "rolling_back" ? (memory.reason ?? "it was turned back") : null;
}

/** Only what is new: a look comes every few seconds. */
function sayWatched(run: ClusterRun, events: readonly Said[], before: readonly Said[]): readonly Said[] {
  const known = before.map((event) => JSON.stringify(event));
  for (const event of events) if (!known.includes(JSON.stringify(event))) say(run, event);
  return events;
}

function findingsIn({ guards }: Step): readonly Finding[] {
  return guards.flatMap(({ findings }) => findings);
}

/** Auth servers add their own keys one after the other, by their ticks: one read may be between two of them. */
const SECOND_LOOK_MS = 12_000;

function takesTwoLooks({ step: { from, to }, live, observation }: Situation): boolean {
  return from === "init" && to === "update_clients" && observation.profile.keyRules.growsInInit(live);
}

/**
 * `standby` ends a rotation and a rollback alike, and a read may be stale: asked for only when looks that are further
 * apart than that have shown the same phase and id. How long is left until then; 0 when nothing is.
 */
function untilSure(run: ClusterRun, { step, cluster, platform }: Situation): number {
  if (step.action !== "rotate" || step.to !== "standby" || platform.consistent === true) return 0;
  return Math.max(0, Math.ceil(cluster.policy.staleReadMs - run.sightings.steadyMs(step.authority)));
}

/** Lets the time pass until reads are new for sure; gives what a second look should then show again. */
async function beforeSecondLook(run: ClusterRun, { step }: Situation, waitMs: number): Promise<Expected> {
  const { authority, from, to } = step;
  if (to === "standby") {
    const message = `${authority}: a second look at ${from} in ${Math.ceil(waitMs / 1000)} s, as a read may be stale and standby ends a rollback too`;
    say(run, { type: "notice", message });
  }
  await run.clock.sleep(waitMs, run.signal);
  return { authority, phase: from };
}

interface Expected {
  readonly authority: string;
  readonly phase: Phase;
}

function sayMoved(run: ClusterRun, look: FreshLook, expected: Expected | null): void {
  if (expected === null) return;
  const { authority } = expected;
  const phase = authorityNow(look, authority)?.rotation.phase;
  if (phase === expected.phase) return;
  const message = `somebody moved ${authority} of ${run.cluster.name} meanwhile: it was in ${expected.phase}, and is in ${phase ?? "no listing"}`;
  say(run, { type: "notice", message });
}

function authorityNow({ observation }: FreshLook, type: string) {
  return observation.authorities.find((authority) => authority.type === type);
}

/** The next step of a rotation, judged by a look; `null` when there is none. */
async function nextSituation(
  run: ClusterRun,
  look: FreshLook,
  rotationName: string,
  desired: DesiredState,
): Promise<Situation | null> {
  const [plan] = (await planNow(run, [look], desired)).clusters;
  const step = plan?.rotations.find(({ name }) => name === rotationName)?.steps[0];
  if (plan === undefined || step === undefined) return null;
  const { observation, record } = look;
  const live = authorityNow(look, step.authority);
  if (live === undefined) {
    throw new Error(`${observation.cluster} was planned without the ${step.authority} CA`);
  }
  const { cluster, platform } = run;
  const resource =
    desired.rotations.find(
      (rotation) => rotation.name === rotationName && rotation.cluster === cluster.name,
    ) ?? null;
  const unsettled = isUnsettled(plan, step.authority);
  const drift = heldByDrift(plan.drift, step) ?? null;
  return {
    cluster,
    platform,
    rotationName,
    resource,
    step,
    look,
    observation,
    live,
    record,
    unsettled,
    drift,
  };
}

/** Why a step is not taken, or `null`. A phase that was entered and not yet verified is waited for instead. */
function refusalOf(run: ClusterRun, situation: Situation, planned: PlannedSteps): string | null {
  const { step } = situation;
  const name = `${step.authority} ${step.from} → ${step.to}`;
  const failing = failingIn(step);
  if (situation.unsettled && step.action === "rotate") {
    return `${name} waits: the override entries of ${step.authority} are not as git wants them; run again`;
  }
  if (situation.drift !== null && step.action === "rotate") {
    return `${name} waits: ${situation.drift.subject} ${situation.drift.message}`;
  }
  if (step.action === "verify" && failing.length === 0) return null;
  if (failing.length > 0) return `${name} is blocked by ${failing.join(", ")}`;
  const before = planned.get(step.id);
  if (before === undefined) {
    return `${name} is not part of the approved plan: the cluster moved meanwhile; plan again`;
  }
  // Its turn has come, and what it comes after was not done.
  if (step.after !== null) return `${name} comes after ${step.after}, which was not taken`;
  if (isTaken(run, step)) return null;
  return refusalToDrop(run, situation, before) ?? `${name} needs approval: --auto-approve, or a terminal`;
}

/** What drops a key for good, or would have by the plan that was approved, has an approval of its own. */
function refusalToDrop(run: ClusterRun, { step, rotationName }: Situation, planned: Step): string | null {
  if (isTaken(run, step)) return null;
  const name = `${step.authority} ${step.from} → ${step.to}`;
  const flag = `--approve-final=${run.cluster.name}/${rotationName}`;
  if (!needsOwnApproval(step)) {
    return needsOwnApproval(planned)
      ? `${name} was the point of no return in the plan, and was not approved by itself: ${flag}, or a terminal`
      : null;
  }
  const added = unnamed(run.approval, run.cluster.name, step);
  if (added.length > 0) {
    return `${name} was approved before ${added.join(", ")} was named among those who may live by the key that goes: look at the plan, and approve it anew`;
  }
  return step.starts_clock === true
    ? `${name} starts what drops the old key by itself, the point of no return, and needs its own approval: ${flag}, or a terminal`
    : `${name} is the point of no return and needs its own approval: ${flag}, or a terminal`;
}

function isTaken({ approval, cluster }: ClusterRun, step: Step): boolean {
  return isApproved(approval, cluster.name, step);
}

/** What holds a step whatever is approved. */
function failingIn(step: Step): readonly GuardId[] {
  return holding(step).map(({ id }) => id);
}

/**
 * A phase that was entered, not verified yet, and in which only components lag: they are waited for. Where a clock
 * took it there, other things may be missing too, and are looked at after them.
 */
function isAwaited(situation: Situation, clock: ClockWork | null): boolean {
  const { step } = situation;
  if (step.awaited === true || clock === null) return step.awaited === true;
  const comes: readonly GuardId[] = [...LAGGING, ...CURABLE];
  const onlyLagging = failingIn(step).every((id) => comes.includes(id));
  const memory = openRotation(situation.record, step.authority);
  return step.action === "verify" && onlyLagging && !wasVerified({ live: situation.live, memory });
}

/** A wait may end in a rollback: it was approved with the step that began it, and a new run asks anew. */
function refusalToWait(run: ClusterRun, step: Step, planned: PlannedSteps): string | null {
  if (!planned.has(step.id) || isTaken(run, step)) return null;
  return `${step.authority}: the wait for ${step.to} needs approval: --auto-approve, or a terminal`;
}

function isHeld(situation: Situation, clock: ClockWork | null): boolean {
  return failingIn(situation.step).length > 0 && !isAwaited(situation, clock);
}

/** Held by what people or time cure, and the clock leaves them some. */
function hasTime(situation: Situation, clock: ClockWork, now: number): boolean {
  const curable = failingIn(situation.step).every((id) => CURABLE.includes(id));
  return isHeld(situation, clock) && curable && mayStillBeCured(clock, now);
}

type Failed = Extract<StepResult, { result: "failed" }>;

/** A transition that did not verify: by policy the way back, while there is one. */
async function turnBack(run: ClusterRun, situation: Situation, failure: Failed): Promise<Ending> {
  const { step, cluster } = situation;
  const reason = reasonOf(failure);
  if (step.to === "rollback") return unfinished(step, reason);
  if (step.to === "standby") {
    return { outcome: "blocked", message: `${step.authority} is in standby, but ${reason}` };
  }
  const halts = cluster.policy.onFailure === "halt" && !run.turnBack.aborted;
  if (halts && !(await isByClock(run, situation))) {
    return { outcome: "blocked", message: `halted in ${step.to} by policy: ${reason}` };
  }
  if (!run.turnBack.aborted && (await isWayBackWorse(run, situation))) {
    const message = `${step.authority} stays in ${step.to}, although on_failure is ${cluster.policy.onFailure}: here a rollback ends with the old key dropped, and who is not there would be cut off. ${reason}`;
    return { outcome: "blocked", message };
  }
  say(run, { type: "rollback-started", cluster: cluster.name, rotation: situation.rotationName, reason });
  return await rollBack(run, situation, reason, halts);
}

/**
 * The phase that the clock is left to go on from, although somebody does not follow: where a rollback would cut off whoever is
 * not there, and the one out of the next phase would not, turning back has to wait for that.
 */
async function leftByClock(run: ClusterRun, situation: Situation): Promise<Phase | null> {
  const { step } = situation;
  if (step.to === "rollback" || step.to === "standby" || run.turnBack.aborted) return null;
  if (!(await isByClock(run, situation)) || !(await isWayBackWorse(run, situation))) return null;
  const message = `${step.authority}: a rollback out of ${step.to} would cut off who is not there; it is turned back when the clock has left ${step.to}`;
  say(run, { type: "notice", message });
  return step.to;
}

/** As it is now, and not as it was before the step: out of which phase it would go back, and what that takes away. */
async function isWayBackWorse(run: ClusterRun, { step, resource }: Situation): Promise<boolean> {
  const look = await lookAt(run);
  const live = authorityNow(look, step.authority);
  if (live === undefined) return true;
  const declared = resource?.authorities.find(({ type }) => type === step.authority)?.retire;
  const retire = openRotation(look.record, step.authority)?.retire ?? declared ?? [];
  return endOfRollback(retire, live, look.observation) !== "new-key-goes";
}

function reasonOf({ message, findings }: Failed): string {
  return findings.length === 0 ? message : `${message}: ${findings.map(({ subject }) => subject).join(", ")}`;
}

/**
 * Whether the platform goes on by itself, as it is now. A halt has to take it out of the clock's hands; only a manual
 * request does that, no phase can be asked for twice, and every other one would lead past the guard that failed
 * (reference teleport-rotation 1.7). So it is halted in rollback, where both keys are trusted and no clock runs.
 */
async function isByClock(run: ClusterRun, { step, resource }: Situation): Promise<boolean> {
  if (resource?.mode !== "auto") return false;
  const live = authorityNow(await lookAt(run), step.authority);
  return live?.rotation.mode === "auto" && live.rotation.state === "in_progress";
}

/** All authorities of the rotation go back: a pair of which one half went on would be apart for good. */
async function rollBack(run: ClusterRun, failed: Situation, reason: string, halts: boolean): Promise<Ending> {
  const rotations = run.desired.rotations.map((rotation) =>
    rotation.name === failed.rotationName && rotation.cluster === failed.cluster.name
      ? { ...rotation, phase: "rollback" as const }
      : rotation,
  );
  const desired = { ...run.desired, rotations };
  let expected: Expected | null = null;
  for (;;) {
    const fresh = await lookAt(run);
    sayMoved(run, fresh, expected);
    expected = null;
    const situation = await nextSituation(run, fresh, failed.rotationName, desired);
    if (situation === null) return { outcome: "rolled-back", message: reason };
    const { step } = situation;
    if (halts && step.from === "rollback") {
      return {
        outcome: "blocked",
        message: `taken out of automatic mode by rollback, and halted there by policy: ${reason}`,
      };
    }
    const failing = isHeld(situation, null) ? failingIn(step) : [];
    const held =
      failing.length > 0
        ? `${step.authority} ${step.from} → ${step.to} is blocked by ${failing.join(", ")}`
        : refusalToDrop(run, situation, step);
    if (held !== null) {
      say(run, { type: "blocked", cluster: failed.cluster.name, rotation: failed.rotationName, step });
      return unfinished(step, `${held}; it was turned back as ${reason}`);
    }
    const wait = untilSure(run, situation);
    if (wait > 0) {
      expected = await beforeSecondLook(run, situation, wait);
      continue;
    }
    const result = await interruptible(run, situation, () =>
      takeStep(run, situation, { reason, backup: null }),
    );
    if (result.result === "failed" && !(halts && step.to === "rollback")) {
      return unfinished(step, `${reasonOf(result)}; it was turned back as ${reason}`);
    }
  }
}

/** A rollback that waits for somebody is none yet; the same words whoever asked for it. */
function unfinished({ authority, guards, from, to }: Step, reason: string): Ending {
  const where: Phase = to === "rollback" ? to : from;
  const held = guards.filter(({ outcome }) => outcome !== "pass");
  const findings = held.flatMap((guard) => guard.findings);
  const named = findings.map(({ subject, message }) => `${subject} ${message}`);
  const isWaiting = held.some(
    ({ id, findings: of }) => LAGGING.includes(id) && of.some(({ approvable }) => approvable !== true),
  );
  const isLagging = to === "rollback" || isWaiting;
  const sentences = [
    `the rollback of ${authority} is not finished, it waits in ${where}, where both keys are trusted: ${[reason, ...named].join("; ")}`,
    ...(isLagging
      ? [
          "Who is missing may live by the key that goes: start it, or waive roster for it; after a waiver the key is dropped only with --approve-final",
        ]
      : []),
    "`capstan apply` goes on from here",
  ];
  return { outcome: "rollback-unfinished", message: sentences.join(". ") };
}

/** What was kept for a step is not kept again when it is judged anew. */
async function backedUp(
  run: ClusterRun,
  situation: Situation,
  kept: Map<string, BackupRecord>,
): Promise<BackupRecord | null> {
  if (!needsBackup(situation)) return null;
  const known = kept.get(situation.step.id);
  if (known !== undefined) return known;
  const made = await backUp(run, situation, iso(run.clock.now()));
  kept.set(situation.step.id, made);
  return made;
}

/** Notes an interruption in the journal on its way out, with the phase that was observed. */
async function interruptible<Result>(
  run: ClusterRun,
  situation: Situation,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isAbort(error)) {
      const { authority } = situation.step;
      const phase = await phaseObserved(run, situation);
      await journal(run, situation, "interrupted", `seen in ${phase}`);
      const message =
        phase === situation.step.to
          ? `${authority} is in ${phase}; the wait for its components was stopped`
          : `${authority} is in ${phase}; nothing was asked of it`;
      say(run, { type: "interrupted", cluster: situation.cluster.name, message });
    }
    throw error;
  }
}

/** What this step read back, which the record follows; else what it was judged by. */
async function phaseObserved(run: ClusterRun, { cluster, step, live }: Situation): Promise<Phase> {
  const record = await run.store.load(cluster.name);
  const last = openRotation(record, step.authority)?.phases.at(-1)?.phase;
  return last === step.to ? last : live.rotation.phase;
}
