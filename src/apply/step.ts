import { Failure } from "../failure.ts";
import type { TransitionReply, TransitionRequest } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import {
  asked,
  begin,
  drivenBy,
  ended,
  endOf,
  entered,
  followed,
  remember,
  spending,
  turnedBack,
  verified,
} from "../record/changes.ts";
import { newKeyWasUsed } from "../rotation/evidence.ts";
import { followersOf } from "../rotation/followers.ts";
import { keysAfter } from "../rotation/key-sets.ts";
import type { Fingerprint, LiveAuthority } from "../rotation/observation.ts";
import { isPointOfNoReturn } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";
import { type BackupRecord, openRotation, type RotationRecord } from "../rotation/record.ts";
import { overriddenKeys } from "../teleport/guards/overrides.ts";
import { readOverrides } from "../teleport/overrides/read-cluster.ts";
import { statesOf } from "../teleport/overrides/resource.ts";
import { lacksFull } from "./backup.ts";
import { iso } from "./clock.ts";
import { type ClusterRun, journal, type Situation, say } from "./context.ts";
import type { Laggard } from "./event.ts";
import { atCommit } from "./history.ts";
import { DOUBT_MS, readBack, waitForComponents } from "./wait.ts";

/** What came of a step. `failed`: it was taken and did not verify in its time. */
export type StepResult =
  /** `observation`: the look at everything that proved it. */
  | { readonly result: "verified"; readonly observation: ClusterObservation }
  | { readonly result: "failed"; readonly message: string; readonly findings: readonly Finding[] };

export interface StepOptions {
  /** Why it is turned back; `null` where it goes on. */
  readonly reason: string | null;
  /** What was kept right before, where something is due. */
  readonly backup: BackupRecord | null;
}

/**
 * Takes one step: note the intent, act, read back until the target is observed, look at the keys, wait for the
 * components, note the outcome (design, section 5). Throws a `Failure` when nothing happened.
 */
export async function takeStep(
  run: ClusterRun,
  situation: Situation,
  { reason, backup }: StepOptions,
): Promise<StepResult> {
  const { step, cluster, rotationName } = situation;
  situation.look.use();
  say(run, { type: "step-started", cluster: cluster.name, rotation: rotationName, step });
  const before = await noteIntent(run, situation, { reason, backup });
  const { taken, asked } =
    step.action === "verify"
      ? { taken: situation.observation, asked: null }
      : await transition(run, situation);
  if (taken instanceof Failure) {
    const remedy = taken.hint ?? "look at the machine that is named";
    return fail(run, situation, "it was left half-way", [
      { subject: `authority/${step.authority}`, message: taken.message, remedy },
    ]);
  }
  const observation = taken;
  const live = authorityIn(observation, step.authority);
  const now = iso(run.clock.now());
  const memory = entered(before, live, now, situation.observation.profile, asked);
  await save(run, situation, memory);
  say(run, {
    type: "transition-observed",
    cluster: cluster.name,
    authority: step.authority,
    phase: live.rotation.phase,
  });
  if (step.action === "rotate") await journal(run, situation, "observed", live.rotation.currentId);
  const wrongKeys =
    step.action === "verify" ? [] : keysAfter(step, memory.retire, live, situation.observation.profile);
  const goingBack = memory.state === "rolling_back";
  if (wrongKeys.length > 0 && !goingBack)
    return fail(run, situation, "the keys are not as they should be", wrongKeys);
  const free = goingBack && newKeyWasUsed(memory, live, situation.observation.profile) === "refuted";
  const tolerated = free ? laggingBefore(run, situation, memory) : new Set<string>();
  const wait = await waitForComponents(run, situation, memory.roster ?? [], step.to, tolerated);
  const waitedFor = wait.laggards.filter(({ subject }) => !tolerated.has(subject));
  if (waitedFor.length > 0 && !free) {
    const message = run.turnBack.aborted
      ? "a person asked for the rollback"
      : `not everybody followed to ${step.to} in time`;
    return fail(run, situation, message, waitedFor.map(notFollowed));
  }
  const everybody = wait.laggards.length === 0;
  await close(run, situation, memory, wait.observation, wrongKeys, everybody);
  say(run, { type: "step-verified", cluster: cluster.name, rotation: rotationName, step });
  await journal(run, situation, "verified");
  return { result: "verified", observation: wait.observation };
}

/** The record knows of the step before it happens, so that a kill right after it finds its way. */
async function noteIntent(
  run: ClusterRun,
  situation: Situation,
  { reason, backup }: StepOptions,
): Promise<RotationRecord> {
  const { step, resource, live, observation, rotationName } = situation;
  const record = await atCommit(run, situation.record);
  const now = iso(run.clock.now());
  const open = openRotation(record, step.authority);
  const content = resource?.contentHash ?? null;
  const known = isBegun(situation) ? open : undefined;
  const retire =
    resource?.authorities.find(({ type }) => type === step.authority)?.retire ?? open?.retire ?? [];
  const overridden = isStarting(situation) ? await overriddenBefore(observation, step.authority) : null;
  const begun =
    known === undefined
      ? begin(
          record,
          {
            name: rotationName,
            content: content ?? "",
            retire,
            overridden,
            acceptsRoster: isRosterWaived(step),
          },
          live,
          observation,
          now,
        )
      : record;
  const memory = openRotation(begun, step.authority);
  if (memory === undefined)
    throw new Error(`the record of ${step.authority} was just begun and is not there`);
  const kept = backup === null ? memory : { ...memory, backup };
  const seen = followed(kept, live, situation.observation.profile);
  const driven = content === null ? seen : drivenBy(seen, content);
  const spent = step.action === "rotate" ? spending(driven, step) : driven;
  const noted =
    step.to === "rollback" ? turnedBack(spent, reason ?? spent.reason ?? "asked for in git") : spent;
  await run.store.save(remember(begun, step.action === "rotate" ? asked(noted, step.to, now) : noted));
  if (step.action === "rotate") await journal(run, situation, "intended", reason);
  return noted;
}

/** That nobody knows who was there before init is accepted by review: then who is there now is the roster. */
function isRosterWaived({ authority, guards }: Situation["step"]): boolean {
  const verdict = guards.find(({ id }) => id === "roster");
  return verdict?.waived.some(({ subject }) => subject === `roster/${authority}`) === true;
}

/** The rotation begins with this step; half-way into init it has begun already. */
function isStarting({ step, live }: Situation): boolean {
  return step.from === "standby" && step.to === "init" && live.rotation.state === "standby";
}

function isBegun(situation: Situation): boolean {
  return !isStarting(situation) && openRotation(situation.record, situation.step.authority) !== undefined;
}

/** Kept before the first write, and once more before the old key goes. */
export function needsBackup(situation: Situation): boolean {
  const memory = openRotation(situation.record, situation.step.authority);
  if (!isBegun(situation) || memory === undefined) return true;
  return isPointOfNoReturn(situation.step) || lacksFull(situation, memory);
}

/** A rollback needs the entries that were enabled before init; only the record remembers which those were. */
async function overriddenBefore(
  observation: ClusterObservation,
  authority: string,
): Promise<readonly Fingerprint[] | null> {
  if (observation.overrides?.state !== "listed") return null;
  const reading = (await readOverrides([], [observation])).get(observation.cluster);
  const live = reading?.pairs.get(authority)?.live;
  return live === undefined ? [] : overriddenKeys({ entries: statesOf(live) });
}

/** What came of a request. `asked`: what was seen before it, where the platform took it and it was read back. */
interface Transition {
  /** The failure where it has begun, is not done, and there is a way back. */
  readonly taken: ClusterObservation | Failure;
  readonly asked: LiveAuthority | null;
}

async function transition(run: ClusterRun, situation: Situation): Promise<Transition> {
  const { step, platform, cluster } = situation;
  if (mayBeUnderWay(run, situation)) {
    const observation = await readBack(run, situation, step.to, DOUBT_MS);
    if (observation !== null) return { taken: observation, asked: null };
  }
  // Nothing has gone out yet: a safe point.
  if (run.signal.aborted) await takeBack(run, situation);
  run.signal.throwIfAborted();
  say(run, {
    type: "transition-requested",
    cluster: cluster.name,
    authority: step.authority,
    to: step.to,
  });
  const reply = await platform.transition({
    authority: step.authority,
    to: step.to,
    ...automaticStart(situation),
    confirm: () => run.lock.confirm(),
    progress: (message) => say(run, { type: "notice", message }),
  });
  const observation = await readBack(run, situation, step.to, patienceWith(reply, situation));
  if (observation !== null) return { taken: observation, asked: reply.accepted ? situation.live : null };
  await journal(run, situation, "refused", reply.message);
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

/**
 * What was noted of a request that never went out: else nobody could tell it from one of which nothing is known, and a
 * rollback out of init would wait for who cannot live by the new key.
 */
async function takeBack(run: ClusterRun, situation: Situation): Promise<void> {
  const { cluster, step, record } = situation;
  const noted = openRotation(await run.store.load(cluster.name), step.authority);
  if (noted === undefined) return;
  // What an earlier run asked for stays as unknown as it was.
  const before = isBegun(situation) ? openRotation(record, step.authority) : undefined;
  await save(run, situation, before ?? { ...noted, requested: null });
}

/** Only the start of a rotation makes it automatic; every later request takes it into manual hands. */
function automaticStart({ step, resource }: Situation): Pick<TransitionRequest, "automatic"> {
  const gracePeriodMs = resource?.mode === "auto" ? resource.gracePeriodMs : null;
  return step.to === "init" && gracePeriodMs != null ? { automatic: { gracePeriodMs } } : {};
}

/**
 * An accepted transition gets the time of the phase, an error just long enough to outlast a stale read. Who may
 * not rotate has not rotated: one look is enough.
 */
function patienceWith(reply: TransitionReply, { cluster, platform }: Situation): number {
  if (platform.consistent === true) return 0;
  if (reply.accepted) return cluster.policy.phaseTimeoutMs;
  return reply.failure.code === "denied" ? 0 : DOUBT_MS;
}

/** A run before this one asked for the same, so lately that the read which shows it undone may be stale. */
function mayBeUnderWay({ clock }: ClusterRun, { record, step, platform }: Situation): boolean {
  if (platform.consistent === true) return false;
  const requested = openRotation(record, step.authority)?.requested;
  return requested?.to === step.to && clock.now() - Date.parse(requested.at) < DOUBT_MS;
}

async function close(
  run: ClusterRun,
  situation: Situation,
  memory: RotationRecord,
  observation: ClusterObservation,
  wrongKeys: readonly Finding[],
  everybody: boolean,
): Promise<void> {
  const { step } = situation;
  const now = iso(run.clock.now());
  const seen = everybody ? verified(memory, observation, step.to, now) : memory;
  if (step.to !== "standby") return await save(run, situation, seen);
  for (const { message } of wrongKeys) say(run, { type: "notice", message });
  const told = memory.state === "rolling_back" ? "rolled_back" : "finished";
  const how = endOf(memory, authorityIn(observation, step.authority)) ?? told;
  await save(run, situation, ended(seen, how, now));
}

async function save(run: ClusterRun, situation: Situation, memory: RotationRecord): Promise<void> {
  await run.store.save(remember(await run.store.load(situation.cluster.name), memory));
}

async function fail(
  run: ClusterRun,
  situation: Situation,
  message: string,
  findings: readonly Finding[],
): Promise<StepResult> {
  const { step, cluster, rotationName } = situation;
  say(run, {
    type: "step-failed",
    cluster: cluster.name,
    rotation: rotationName,
    step,
    message,
    findings,
  });
  await journal(run, situation, "failed", message);
  return { result: "failed", message, findings };
}

function notFollowed({ subject, message }: Laggard): Finding {
  return { subject, message, remedy: "start or repair it; `capstan status` shows when it follows" };
}

/** Who lagged before the step: the reason for a rollback does not have to follow it. */
function laggingBefore(run: ClusterRun, { observation, live, step }: Situation, memory: RotationRecord) {
  const followers = followersOf(observation, live, memory.roster ?? [], step.from, run.clock.now());
  return new Set(followers.filter(({ standing }) => standing !== "following").map(({ subject }) => subject));
}

function authorityIn(observation: ClusterObservation, type: string): LiveAuthority {
  const live = observation.authorities.find((authority) => authority.type === type);
  if (live === undefined) throw new Failure("executable", `the ${type} CA is not in the listing any more`);
  return live;
}
