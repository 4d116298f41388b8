import { typeOf } from "../profile/lookup.ts";
import type { PlatformProfile } from "../profile/profile.ts";
import { type Fingerprint, identify, type LiveAuthority, sameKeys } from "./observation.ts";
import {
  type ClusterRecord,
  phaseRecord,
  type RotationRecord,
  seenStart,
  type TurnedBack,
} from "./record.ts";

/**
 * What is known of a claim. Absence proves nothing: what is not noted, not listed or not there leaves it `unknown`,
 * and whoever asks takes `unknown` the careful way.
 */
export type Evidence = "proven" | "refuted" | "unknown";

/**
 * Whether certificates of the new key may be in use, so that dropping it cuts somebody off. Before update_clients it
 * signs nothing (reference teleport-rotation 1.4), but that a record does not speak of update_clients does not mean
 * that the cluster was never there: a run may have been killed, a hand or a clock have moved it. So it is refuted by
 * one thing only: capstan itself asked for the rollback, out of an init that it had just seen, of a rotation that it had
 * seen start. Of one that a hand began nobody knows what the hand does besides.
 */
export function newKeyWasUsed(
  record: RotationRecord | undefined,
  live: LiveAuthority,
  profile: PlatformProfile,
): Evidence {
  const active = identify(live.active);
  if (record === undefined || record.retire.length === 0 || active.length === 0) return "unknown";
  // Teleport 5 lets the new key sign in a rollback out of init (recordings/README).
  if (active.some((key) => !record.retire.includes(key))) return "proven";
  if (isPastInit(live.rotation.phase)) return "proven";
  if (record.phases.some(({ phase }) => isPastInit(phase))) return "proven";
  if (typeOf(profile, live.type).signsFromInit) return "unknown";
  return isOutOfInit(record, live) ? "refuted" : "unknown";
}

/** Whether it would be refuted if capstan asked for the rollback now: what a plan can say before it is taken. */
export function wouldBeUnused(
  record: RotationRecord | undefined,
  live: LiveAuthority,
  profile: PlatformProfile,
): boolean {
  const used = newKeyWasUsed(record, live, profile);
  if (used === "refuted") return true;
  const { phase, mode, state, towards } = live.rotation;
  const isWhole = phase === "init" && state === "in_progress" && mode === "manual" && towards == null;
  const isQuiet = seenStart(record) && record?.requested === null;
  return isWhole && isQuiet && !typeOf(profile, live.type).signsFromInit && used !== "proven";
}

function isPastInit(phase: string): boolean {
  return phase === "update_clients" || phase === "update_servers";
}

/** The rollback that the authority is in now, or that it has just left, is the one that was asked for out of init. */
function isOutOfInit(record: RotationRecord, { rotation, active }: LiveAuthority): boolean {
  const proof = record.turned_back;
  return (
    proof != null &&
    seenStart(record) &&
    (rotation.phase === "rollback" || rotation.phase === "standby") &&
    rotation.towards == null &&
    proof.from === "init" &&
    proof.current_id === rotation.currentId &&
    proof.current_id === record.current_id &&
    isSame(proof.active, identify(active)) &&
    phaseRecord(record, "init") !== undefined
  );
}

/**
 * The note of a rollback that this run asked for and the platform took, made from the look that it was asked out of
 * and from what was read back. `null` where that look leaves a doubt: a clock that may have gone on by itself, a
 * request of an earlier run of which nobody knows what came, an id or keys that do not fit.
 */
export function turnedBackOutOf(
  asked: LiveAuthority,
  record: RotationRecord,
  live: LiveAuthority,
  now: string,
): TurnedBack | null {
  const { phase, currentId, mode, state, towards } = asked.rotation;
  const active = identify(asked.active);
  const isWhole = state === "in_progress" && towards == null && mode === "manual";
  if (!isWhole || live.rotation.phase !== "rollback" || record.requested !== null) return null;
  if (currentId === null || currentId !== live.rotation.currentId || currentId !== record.current_id)
    return null;
  if (!isSame(active, record.retire)) return null;
  return { from: phase, current_id: currentId, active, at: now };
}

/** Whether the rotation that is under way is the one that the record knows. */
export function isOurs(record: RotationRecord | undefined, live: LiveAuthority): Evidence {
  if (record === undefined || live.rotation.state !== "in_progress") return "unknown";
  const id = live.rotation.currentId;
  if (record.current_id !== null && record.current_id !== id) return "refuted";
  const present = identify([...live.active, ...live.trusted]);
  const isDropping = live.rotation.towards === "standby";
  if (!isDropping && !record.retire.every((key) => present.includes(key))) return "refuted";
  if (record.current_id === null || record.introduced.length === 0 || record.retire.length === 0)
    return "unknown";
  return "proven";
}

/**
 * Whether a rotation that retires these keys is over: at standby, with none of them left. In progress without them is
 * another rotation, and a CA that lists no key at all says nothing.
 */
export function isFinished(retire: readonly Fingerprint[], live: LiveAuthority): Evidence {
  const active = identify(live.active);
  const present = [...active, ...identify(live.trusted)];
  if (retire.some((key) => present.includes(key))) return "refuted";
  if (retire.length === 0 || active.length === 0 || live.rotation.state !== "standby") return "unknown";
  return "proven";
}

/**
 * The ids with which a component in standby has the keys of now: that of the CA, and those before it as long as the
 * record knows that the rotation in between was rolled back. Who slept through such a one keeps its id for good
 * (reference teleport-rotation 1.10), and lost nothing; who slept through one that was finished is cut off.
 */
export function standbyIds(
  record: ClusterRecord | undefined,
  live: LiveAuthority,
): readonly (string | null)[] {
  const ids = [live.rotation.currentId];
  const active = identify(live.active);
  const attempts = (record?.rotations ?? []).filter(
    ({ authority, state, retire }) =>
      authority === live.type &&
      (state === "rolled_back" || state === "rolling_back") &&
      isSame(retire, active),
  );
  for (const attempt of attempts.toReversed()) {
    const isTheLast = attempt.current_id !== null && attempt.current_id === ids.at(-1);
    if (isTheLast && attempt.previous_id !== undefined) ids.push(attempt.previous_id);
  }
  return live.rotation.state === "standby" ? ids : ids.slice(0, 1);
}

/** Of no key at all nobody can tell. */
function isSame(left: readonly Fingerprint[], right: readonly Fingerprint[]): boolean {
  return left.length > 0 && sameKeys(left, right);
}
