import type { PlatformProfile } from "../profile/profile.ts";
import type { RotatedAuthority, RotationResource } from "../resources/model/desired.ts";
import { isFinished, isOurs } from "../rotation/evidence.ts";
import { type Fingerprint, identify, type LiveAuthority, sameKeys } from "../rotation/observation.ts";
import { WALK } from "../rotation/phase.ts";
import type { Standing } from "../rotation/plan.ts";
import { type ClusterRecord, openRotation, type RotationRecord } from "../rotation/record.ts";

interface StandingContext {
  readonly record: ClusterRecord;
  readonly profile: PlatformProfile;
  readonly declared?: readonly RotationResource[];
}

/**
 * Where a rotation stands. It is named by the key it retires, so the key sets tell, and running apply again never
 * starts a second rotation (design, section 2). `last_rotated` is never asked: a rollback sets it too. `declared`: all
 * rotations that git has of this cluster.
 */
export function standingOf(
  wanted: RotatedAuthority,
  live: LiveAuthority,
  resource: RotationResource,
  { record, profile, declared = [] }: StandingContext,
): Standing {
  const active = identify(live.active);
  const present = new Set([...active, ...identify(live.trusted)]);
  const held = wanted.retire.filter((key) => present.has(key)).length;
  if (live.rotation.state === "in_progress") {
    if (held > 0 && held === wanted.retire.length) {
      return retiredNow(live, record, profile)?.every((key) => !wanted.retire.includes(key)) === true
        ? "unclear"
        : "in_progress";
    }
    if (held === 0 && isAnothers(wanted, live, record, declared, present)) return "finished";
    // Half-way through the last step the old key is gone already, and the step is not done.
    return live.rotation.towards != null ? "in_progress" : "unclear";
  }
  const finished = isFinished(wanted.retire, live);
  if (finished !== "refuted") return finished === "proven" ? "finished" : "unclear";
  if (!sameKeys(wanted.retire, active)) return "unclear";
  return rolledBack(live, resource, record) === undefined ? "not_started" : "rolled_back";
}

/**
 * The keys that the rotation under way retires: by the record, else by which of them signs in its phase. `null` where
 * neither tells. Whoever names the key that came with it means another rotation, and would have this one walk on.
 */
export function retiredNow(
  live: LiveAuthority,
  record: ClusterRecord,
  profile: PlatformProfile,
): readonly Fingerprint[] | null {
  const open = openRotation(record, live.type);
  if (open !== undefined && open.retire.length > 0 && isOurs(open, live) === "proven") return open.retire;
  const { phase, towards } = live.rotation;
  if (towards != null || phase === "rollback" || phase === "standby") return null;
  const before = WALK[WALK.indexOf(phase) - 1] ?? "standby";
  const signs = profile.keyRules.after({ from: before, to: phase });
  return identify(signs === "new-signs-old-trusted" ? live.trusted : live.active);
}

/** The rotation under way is a later one, which the record or git knows; then this one is over. */
function isAnothers(
  { type, retire }: RotatedAuthority,
  live: LiveAuthority,
  record: ClusterRecord,
  declared: readonly RotationResource[],
  present: ReadonlySet<Fingerprint>,
): boolean {
  const open = openRotation(record, type);
  if (open !== undefined) {
    return isOurs(open, live) !== "refuted" && !open.retire.some((key) => retire.includes(key));
  }
  return declared.some(({ authorities }) =>
    authorities.some((other) => other.type === type && other.retire.some((key) => present.has(key))),
  );
}

/**
 * The earlier attempt that ended in a rollback and still stands in the way: the same content does not start the
 * rotation again until it changes (design, section 2). A rollback by hand, which only the record can tell from
 * a rotation that has not begun, counts too.
 */
export function rolledBack(
  live: LiveAuthority,
  resource: RotationResource,
  record: ClusterRecord,
): RotationRecord | undefined {
  return record.rotations.findLast(
    (attempt) =>
      attempt.authority === live.type &&
      isOfSameKeys(attempt, resource) &&
      (attempt.contents.includes(resource.contentHash) || resource.phase === "rollback") &&
      (attempt.state === "rolled_back" || endedByHand(attempt, live)),
  );
}

/** A rotation is named by the keys that it retires: with another name it is the same one. */
function isOfSameKeys(attempt: RotationRecord, resource: RotationResource): boolean {
  return resource.authorities.some(
    ({ type, retire }) => type === attempt.authority && sameKeys(retire, attempt.retire),
  );
}

/** The record believes that it is under way, and the cluster is in standby with its id: somebody ended it. */
function endedByHand(attempt: RotationRecord, live: LiveAuthority): boolean {
  return (
    attempt.ended_at === null &&
    attempt.current_id !== null &&
    attempt.current_id === live.rotation.currentId &&
    live.rotation.state === "standby"
  );
}
