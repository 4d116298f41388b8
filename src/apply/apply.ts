import { Failure } from "../failure.ts";
import { isHeldInHsm } from "../guards/hsm-keys.ts";
import type { PlannedAction } from "../overrides/plan.ts";
import { heldByDrift } from "../planner/drift.ts";
import { wasVerified } from "../planner/member.ts";
import { isHeldByOthers, mayStart } from "../planner/startable.ts";
import { LAGGING } from "../planner/steps.ts";
import type { Lock } from "../record/store.ts";
import { type Edge, isPointOfNoReturn } from "../rotation/phase.ts";
import type { ClusterPlan, Finding, GuardId, Plan, RotationPlan, Step } from "../rotation/plan.ts";
import { openRotation } from "../rotation/record.ts";
import { endOfRollback } from "../rotation/way-back.ts";
import {
  type ClockWork,
  CURABLE,
  clockWork,
  mayStillBeCured,
  nextOfClock,
  takeOver,
  untilNextLook,
  watchEvents,
} from "./automatic.ts";
import type { RunOutcome } from "./event.ts";
import { lookAt } from "./look.ts";
import { actionsOf, isUnsettled, planNow, settleOverrides, type View } from "./overrides.ts";
import { type Approval, journal, type RunContext, type Said, type Situation, say } from "./run.ts";
import { type StepResult, takeStep } from "./step.ts";

/**
 * Makes live what git desires, one guarded step at a time (design, section 5). Ends with a `finished` event and
 * the same outcome. Throws a `Failure` when something outside broke; what was done until then stays done, and the
 * next run goes on from what it observes.
 */
export async function apply(context: RunContext): Promise<RunOutcome> {
  const notice = (message: string) => say(context, { type: "notice", message });
  const locks = await lockAll(context, notice);
  const lost = AbortSignal.any(locks.map((lock) => lock.lost));
  // A run that lost a lock stops as if it were interrupted, and says that it was not.
  const signal = AbortSignal.any([context.signal, lost]);
  try {
    const { outcome, message } = await applyLocked({ ...context, signal }, locks[0]?.id ?? "");
    say(context, { type: "finished", outcome, message });
    return outcome;
  } catch (error) {
    if (lost.aborted) throw lost.reason;
    if (!isAbort(error)) throw error;
    const message = "stopped at a safe point; `capstan apply` goes on from what it then observes";
    say(context, { type: "finished", outcome: "interrupted", message });
    return "interrupted";
  } finally {
    for (const lock of locks) await lock.release();
  }
}

/** In the order of their names, so that two runs over the same clusters cannot wait for each other. */
async function lockAll(context: RunContext, notice: (message: string) => void): Promise<readonly Lock[]> {
  const locks: Lock[] = [];
  try {
    for (const cluster of [...context.platforms.keys()].sort()) {
      locks.push(await context.store.lock(cluster, context.holder, notice));
    }
    return locks;
  } catch (error) {
    for (const lock of locks) await lock.release();
    throw error;
  }
}

interface Ending {
  readonly outcome: RunOutcome;
  readonly message: string;
}

const NOTHING_TO_APPROVE: Approval = { steps: new Set(), final: false };

/** A person may think for hours; what was read before is then looked at again. */
const FRESH_MS = 5_000;

async function applyLocked(context: RunContext, run: string): Promise<Ending> {
  const views = await Promise.all([...context.platforms.keys()].map((cluster) => lookAt(context, cluster)));
  const plan = await planNow(context, views);
  const readAt = context.clock.now();
  const observations = views.map(({ observation }) => observation);
  context.accept?.(plan, observations);
  say(context, { type: "plan", plan });
  const work = plan.clusters.flatMap((cluster) =>
    cluster.rotations.map((rotation) => ({ cluster, rotation })),
  );
  const steps = work.flatMap(({ rotation }) => rotation.steps);
  const actions = plan.clusters.flatMap(({ overrides }) => actionsOf(overrides));
  if (steps.length === 0 && actions.length === 0) return nothingToDo(plan);
  // A person is not asked for what is blocked anyway.
  const startable = steps.some((step) => mayStart(step) || step.awaited === true) || actions.length > 0;
  const approval = startable ? await context.approve(plan, observations) : NOTHING_TO_APPROVE;
  if (approval === null) return { outcome: "blocked", message: "nothing was approved, and nothing was done" };
  const planned = new Set(steps.filter((step) => !isHeldByOthers(step)).map(({ id }) => id));
  const fresh = new Map<string, View>();
  if (context.clock.now() - readAt < FRESH_MS) {
    for (const view of views) fresh.set(view.observation.cluster, view);
  } else if (context.accept !== undefined) {
    const again = await Promise.all(views.map(({ observation }) => lookAt(context, observation.cluster)));
    const moved = again.map(({ observation }) => observation);
    context.accept(await planNow(context, again), moved);
  }
  const settle = async (cluster: ClusterPlan) => {
    if (!actionsOf(cluster.overrides).some(({ id }) => approval.steps.has(id))) return;
    const view = fresh.get(cluster.name) ?? (await lookAt(context, cluster.name));
    fresh.set(cluster.name, await settleOverrides(context, run, view, approval.steps));
  };
  for (const cluster of plan.clusters) await settle(cluster);
  let worst: Ending = unapproved(actions, approval);
  for (const { cluster, rotation } of work.filter(({ rotation }) => rotation.steps.length > 0)) {
    const view = fresh.get(cluster.name) ?? (await lookAt(context, cluster.name));
    // The walk moves the cluster on; what comes after it looks anew.
    fresh.delete(cluster.name);
    const ending = await walk(context, run, view, rotation.name, approval, planned);
    if (ending.outcome !== "applied") worst = ending;
  }
  // The entries of keys that a rotation has dropped.
  for (const cluster of plan.clusters) await settle(cluster);
  return worst.outcome === "applied" ? afterAll(plan) : worst;
}

function unapproved(actions: readonly PlannedAction[], approval: Approval): Ending {
  const left = actions.find(({ id }) => !approval.steps.has(id));
  if (left === undefined) return { outcome: "applied", message: "everything that was planned is done" };
  return {
    outcome: "blocked",
    message: `${left.purpose} of ${left.key_hash} needs approval: --auto-approve, or a terminal`,
  };
}

function nothingToDo(plan: Plan): Ending {
  if (plan.outcome === "blocked") return { outcome: "blocked", message: driftSentence(plan.clusters) };
  return { outcome: "nothing-to-do", message: "live equals desired" };
}

function afterAll({ clusters }: Plan): Ending {
  const blocks = clusters.some(
    ({ drift, overrides }) => drift.some((item) => item.blocks) || overrides.some(({ blocked }) => blocked),
  );
  if (blocks) return { outcome: "blocked", message: driftSentence(clusters) };
  return { outcome: "applied", message: "everything that was planned is done" };
}

function driftSentence(clusters: readonly ClusterPlan[]): string {
  const [first] = clusters.flatMap(({ drift, overrides }) => [
    ...drift.filter(({ blocks }) => blocks),
    ...overrides.flatMap(({ findings }) =>
      findings.filter(({ severity, waived }) => severity === "error" && waived === undefined),
    ),
    ...overrides.flatMap(({ actions }) =>
      actions.flatMap(({ missing }) =>
        missing.map(({ subject, statement }) => ({ subject, message: `waits for a ${statement}` })),
      ),
    ),
  ]);
  return first === undefined ? "a guard blocks" : `${first.subject} ${first.message}`;
}

/** One rotation, step after step, until it is where git wants it, blocked, or turned back. */
async function walk(
  context: RunContext,
  run: string,
  start: View,
  name: string,
  approval: Approval,
  planned: ReadonlySet<string>,
): Promise<Ending> {
  let lookedAgain: string | null = null;
  let watched: readonly Said[] = [];
  let wentBack: string | null = null;
  for (let view = start; ; ) {
    context.signal.throwIfAborted();
    const situation = await nextSituation(context, run, view, name);
    const clock = clockWork(context, view, name);
    if (situation === null && clock === null) return { outcome: "applied", message: "" };
    if (clock !== null && (situation === null || hasTime(situation, clock, context.clock.now()))) {
      watched = sayWatched(context, watchEvents(context, view, clock, name), watched);
      await context.clock.sleep(untilNextLook(clock), context.signal);
      view = await lookAt(context, view.observation.cluster);
      continue;
    }
    if (situation === null) throw new Error("a rotation without a step is either over or watched");
    const { step, cluster } = situation;
    if (clock !== null && isHeld(situation, clock)) {
      const reason = `the clock would go on to the next phase, and ${failingIn(step).join(", ")} would not`;
      return await turnBack(context, situation, {
        result: "failed",
        message: reason,
        findings: findingsIn(step),
      });
    }
    const refused = isAwaited(situation, clock)
      ? refusalToWait(situation, approval, planned)
      : refusalOf(situation, approval, planned);
    if (refused !== null && wentBack !== null && step.from === "standby") {
      return { outcome: "rolled-back", message: wentBack };
    }
    if (refused !== null) {
      say(context, { type: "blocked", cluster: cluster.name, rotation: name, step });
      return { outcome: "blocked", message: refused };
    }
    if (takesTwoLooks(situation) && lookedAgain !== step.id) {
      lookedAgain = step.id;
      await context.clock.sleep(SECOND_LOOK_MS, context.signal);
      view = await lookAt(context, cluster.name);
      continue;
    }
    const result = await interruptible(context, situation, () => takeStep(context, situation, null));
    if (result.result === "failed") return await turnBack(context, situation, result);
    wentBack ??= turnedBackBefore(situation);
    view = { observation: result.observation, record: await context.store.load(cluster.name) };
  }
}

/** Why a run before this one turned the rotation back, although git wants it to go on; else `null`. */
function turnedBackBefore({ record, step, resource }: Situation): string | null {
  if (resource === null || resource.phase === "rollback") return null;
  const memory = openRotation(record, step.authority);
  return memory?.state === "rolling_back" ? (memory.reason ?? "it was turned back") : null;
}

/** Only what is new: a look comes every few seconds. */
function sayWatched(context: RunContext, events: readonly Said[], before: readonly Said[]): readonly Said[] {
  const known = before.map((event) => JSON.stringify(event));
  for (const event of events) if (!known.includes(JSON.stringify(event))) say(context, event);
  return events;
}

function findingsIn({ guards }: Step): readonly Finding[] {
  return guards.flatMap(({ findings }) => findings);
}

/** Auth servers add their own keys one after the other, by their ticks: one read may be between two of them. */
const SECOND_LOOK_MS = 12_000;

function takesTwoLooks({ step: { from, to }, live }: Situation): boolean {
  return from === "init" && to === "update_clients" && isHeldInHsm(live);
}

/** The next step of a rotation, judged by what is known now; `null` when there is none. */
async function nextSituation(
  context: RunContext,
  run: string,
  view: View,
  rotationName: string,
): Promise<Situation | null> {
  const plan = await planNow(context, [view]);
  const rotation = plan.clusters[0]?.rotations.find((candidate) => candidate.name === rotationName);
  const step = rotation?.steps[0];
  if (step === undefined) return null;
  const unsettled = isUnsettled(plan, step.authority);
  const drift = heldByDrift(plan.clusters[0]?.drift ?? [], step) ?? null;
  return situationFor(context, run, rotationName, step, view, { unsettled, drift });
}

function situationFor(
  context: RunContext,
  run: string,
  rotationName: string,
  step: Step,
  { observation, record }: View,
  held: Pick<Situation, "unsettled" | "drift">,
): Situation {
  const cluster = context.desired.clusters.find(({ name }) => name === observation.cluster);
  const platform = context.platforms.get(observation.cluster);
  const live = observation.authorities.find(({ type }) => type === step.authority);
  if (cluster === undefined || platform === undefined || live === undefined) {
    throw new Error(
      `${observation.cluster} was planned without a resource, a platform or the ${step.authority} CA`,
    );
  }
  const resource =
    context.desired.rotations.find(
      (rotation) => rotation.name === rotationName && rotation.cluster === cluster.name,
    ) ?? null;
  return { run, cluster, platform, rotationName, resource, step, observation, live, record, ...held };
}

/** Why a step is not taken, or `null`. A phase that was entered and not yet verified is waited for instead. */
function refusalOf(situation: Situation, approval: Approval, planned: ReadonlySet<string>): string | null {
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
  if (!planned.has(step.id)) {
    return `${name} is not part of the approved plan: the cluster moved meanwhile; plan again`;
  }
  // Its turn has come, and what it comes after was not done.
  if (step.after !== null) return `${name} comes after ${step.after}, which was not taken`;
  if (!approval.steps.has(step.id)) return `${name} needs approval: --auto-approve, or a terminal`;
  if (step.to === "init" && situation.resource?.mode === "auto" && !approval.final) {
    return `${name} starts what drops the old key by itself, the point of no return, and needs its approval: --approve-final, or a terminal`;
  }
  if (step.point_of_no_return && !approval.final) {
    return `${name} is the point of no return and needs its own approval: --approve-final, or a terminal`;
  }
  return null;
}

function failingIn({ guards }: Step): readonly GuardId[] {
  return guards.filter(({ outcome }) => outcome !== "pass").map(({ id }) => id);
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
function refusalToWait({ step }: Situation, approval: Approval, planned: ReadonlySet<string>): string | null {
  if (!planned.has(step.id) || approval.steps.has(step.id)) return null;
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

/** A transition that did not verify: by policy the way back, while there is one. */
async function turnBack(
  context: RunContext,
  situation: Situation,
  failure: Extract<StepResult, { result: "failed" }>,
): Promise<Ending> {
  const { step, cluster } = situation;
  const subjects = failure.findings.map(({ subject }) => subject).join(", ");
  const reason = `${failure.message}: ${subjects}`;
  if (isPointOfNoReturn(step) || step.to === "standby") {
    return { outcome: "blocked", message: `${step.authority} is in standby, but ${reason}` };
  }
  if (step.to === "rollback")
    return { outcome: "blocked", message: `the rollback of ${step.authority} waits: ${reason}` };
  const byHand = cluster.policy.onFailure === "halt" ? await nextOfClock(context, situation) : null;
  if (byHand !== null && byHand.to !== "standby") {
    return { outcome: "blocked", message: await takeOver(context, situation, byHand, reason) };
  }
  if (cluster.policy.onFailure === "halt" && byHand === null && !context.turnBack.aborted) {
    return { outcome: "blocked", message: `halted in ${step.to} by policy: ${reason}` };
  }
  if (!context.turnBack.aborted && (await isWayBackWorse(context, situation))) {
    const message = `${step.authority} stays in ${step.to}, although on_failure is rollback: here a rollback ends with the old key dropped, and who is not there would be cut off. ${reason}`;
    return { outcome: "blocked", message };
  }
  say(context, { type: "rollback-started", cluster: cluster.name, rotation: situation.rotationName, reason });
  return await rollBack(context, situation, reason);
}

/** As it is now, and not as it was before the step: out of which phase it would go back, and what that takes away. */
async function isWayBackWorse(context: RunContext, { cluster, step, resource }: Situation): Promise<boolean> {
  const { observation, record } = await lookAt(context, cluster.name);
  const live = observation.authorities.find(({ type }) => type === step.authority);
  if (live === undefined) return true;
  const declared = resource?.authorities.find(({ type }) => type === step.authority)?.retire;
  const retire = openRotation(record, step.authority)?.retire ?? declared ?? [];
  return endOfRollback(retire, live, observation) !== "new-key-goes";
}

/** All authorities of the rotation go back: a pair of which one half went on would be apart for good. */
async function rollBack(context: RunContext, failed: Situation, reason: string): Promise<Ending> {
  for (;;) {
    const view = await lookAt(context, failed.cluster.name);
    const step = (await rollbackPlan(context, failed, view))?.steps[0];
    if (step === undefined) return { outcome: "rolled-back", message: reason };
    const situation = situationFor(context, failed.run, failed.rotationName, step, view, {
      unsettled: false,
      drift: null,
    });
    if (isHeld(situation, null)) {
      say(context, { type: "blocked", cluster: failed.cluster.name, rotation: failed.rotationName, step });
      return {
        outcome: "rolled-back",
        message: `${reason}; rolled back as far as ${step.from}, which waits`,
      };
    }
    const result = await interruptible(context, situation, () => takeStep(context, situation, reason));
    if (result.result === "failed") {
      return {
        outcome: "rolled-back",
        message: `${reason}; the rollback is at ${step.to}: ${result.message}`,
      };
    }
  }
}

/** The plan as if git asked for the rollback. */
async function rollbackPlan(
  context: RunContext,
  failed: Situation,
  view: View,
): Promise<RotationPlan | undefined> {
  const rotations = context.desired.rotations.map((rotation) =>
    rotation.name === failed.rotationName ? { ...rotation, phase: "rollback" as const } : rotation,
  );
  const plan = await planNow(context, [view], { ...context.desired, rotations });
  return plan.clusters[0]?.rotations.find(({ name }) => name === failed.rotationName);
}

/** Notes an interruption in the journal on its way out. */
async function interruptible<Result>(
  context: RunContext,
  situation: Situation,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isAbort(error)) {
      const { authority, to } = situation.step;
      await journal(context, situation, "interrupted");
      const message = `${authority} is in ${(await phaseNow(context, situation)) ?? to}; the wait for its components was stopped`;
      say(context, { type: "interrupted", cluster: situation.cluster.name, message });
    }
    throw error;
  }
}

async function phaseNow(context: RunContext, { cluster, step }: Situation): Promise<Edge["to"] | null> {
  const record = await context.store.load(cluster.name);
  return openRotation(record, step.authority)?.phases.at(-1)?.phase ?? null;
}

function isAbort(error: unknown): boolean {
  if (error instanceof Failure) return error.code === "interrupted";
  return error instanceof Error && error.name === "AbortError";
}
