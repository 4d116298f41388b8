import { isRosterStated } from "../checklist/roster-complete.ts";
import { isoTime } from "../iso-time.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { begin, rosterTaken } from "../record/changes/begin.ts";
import { asked, drivenBy, spending, turnedBack } from "../record/changes/intended.ts";
import { remember } from "../record/changes/remember.ts";
import { followed } from "../record/changes/seen.ts";
import type { Fingerprint } from "../rotation/observation.ts";
import { isPointOfNoReturn } from "../rotation/phase.ts";
import { type BackupRecord, openRotation, type RotationRecord } from "../rotation/record.ts";
import { atCommit } from "./applied-commit.ts";
import { lacksFull } from "./backup.ts";
import type { ClusterRun } from "./context.ts";
import { noteStep } from "./journal.ts";
import { saveRotation } from "./save-rotation.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** The record knows of the step before it happens, so that a kill right after it finds its way. */
export async function noteIntent(
  run: ClusterRun,
  atHand: StepAtHand,
  { reason, backup }: StepOptions,
): Promise<RotationRecord> {
  const { step, resource, live, observation, rotationName } = atHand;
  const record = await atCommit(run, atHand.record);
  const now = isoTime(run.clock.now());
  const open = openRotation(record, step.authority);
  const known = isBegun(atHand) ? open : undefined;
  const retire =
    resource?.authorities.find(({ type }) => type === step.authority)?.retire ?? open?.retire ?? [];
  const overridden = isStarting(atHand) ? await overriddenBefore(observation, step.authority) : null;
  const acceptsRoster = isRosterAccepted(run, atHand);
  const begun =
    known === undefined
      ? begin(
          record,
          {
            name: rotationName,
            content: resource?.contentHash ?? "",
            retire,
            overridden,
            acceptsRoster,
          },
          live,
          observation,
          now,
        )
      : record;
  const memory = openRotation(begun, step.authority);
  if (memory === undefined)
    throw new Error(`the record of ${step.authority} was just begun and is not there`);
  const answered = acceptsRoster ? rosterTaken(memory, observation) : memory;
  const kept = backup === null ? answered : { ...answered, backup };
  const seen = followed(kept, live, atHand.observation.profile);
  const driven = resource === null ? seen : drivenBy(seen, resource);
  const spent = step.action === "rotate" ? spending(driven, step) : driven;
  const noted =
    step.to === "rollback" ? turnedBack(spent, reason ?? spent.reason ?? "asked for in git") : spent;
  await run.store.save(remember(begun, step.action === "rotate" ? asked(noted, step.to, now) : noted));
  if (step.action === "rotate") await noteStep(run, atHand, "intended", reason);
  return noted;
}

/**
 * That nobody knows who was there before init is accepted by review, or a person has stated that nobody is missing: then
 * who is there now is the roster.
 */
function isRosterAccepted(run: ClusterRun, { step, resource, observation, record }: StepAtHand): boolean {
  const verdict = step.guards.find(({ id }) => id === "roster");
  const isWaived = verdict?.waived.some(({ subject }) => subject === `roster/${step.authority}`) === true;
  const memory = openRotation(record, step.authority);
  const now = run.clock.now();
  return isWaived || isRosterStated(step.authority, { observation, rotation: resource, record: memory, now });
}

/** The rotation begins with this step; half-way into init it has begun already. */
function isStarting({ step, live }: StepAtHand): boolean {
  return step.from === "standby" && step.to === "init" && live.rotation.state === "standby";
}

function isBegun(atHand: StepAtHand): boolean {
  return !isStarting(atHand) && openRotation(atHand.record, atHand.step.authority) !== undefined;
}

/** Kept before the first write, and once more before the old key goes. */
export function needsBackup(atHand: StepAtHand): boolean {
  const memory = openRotation(atHand.record, atHand.step.authority);
  if (!isBegun(atHand) || memory === undefined) return true;
  return isPointOfNoReturn(atHand.step) || lacksFull(atHand, memory);
}

/** A rollback needs to know what was overridden before init, and only the record remembers that. */
async function overriddenBefore(
  observation: ClusterObservation,
  authority: string,
): Promise<readonly Fingerprint[] | null> {
  return (await observation.profile.overrides?.overriddenKeys(observation, authority)) ?? null;
}

/**
 * What was noted of a request that never went out: else nobody could tell it from one of which nothing is known, and a
 * rollback out of init would wait for who cannot live by the new key.
 */
export async function takeBack(run: ClusterRun, atHand: StepAtHand): Promise<void> {
  const { cluster, step, record } = atHand;
  const noted = openRotation(await run.store.load(cluster.name), step.authority);
  if (noted === undefined) return;
  // What an earlier run asked for stays as unknown as it was.
  const before = isBegun(atHand) ? openRotation(record, step.authority) : undefined;
  await saveRotation(run, atHand, before ?? { ...noted, requested: null });
}

/** What is noted of a step beside what it is judged by. */
export interface StepOptions {
  /** Why it is turned back; `null` where it goes on. */
  readonly reason: string | null;
  /** What was kept right before, where something is due. */
  readonly backup: BackupRecord | null;
}
