import { reportedByComponents } from "../../profile/lookup.ts";
import type { ClusterObservation, PlatformProfile } from "../../profile/profile.ts";
import { componentTable } from "../../rotation/component-table.ts";
import { turnedBackOutOf } from "../../rotation/evidence.ts";
import { introducedKeys } from "../../rotation/introduced-keys.ts";
import type { LiveAuthority } from "../../rotation/observation.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { ClusterRecord, PhaseRecord, RotationRecord } from "../../rotation/record.ts";
import { longestOf } from "../../rotation/renewals.ts";
import { BY_HAND, ended, endOf } from "./ended.ts";
import { withNewcomers } from "./roster.ts";

/**
 * The phase was observed: from now on its soak time runs, and the rotation has an id and a new key. `asked`: what was
 * seen right before this run asked for the phase, and the platform took the request; `null` where another run, a
 * hand or a clock may have brought it there.
 */
export function entered(
  rotation: RotationRecord,
  live: LiveAuthority,
  now: string,
  profile: PlatformProfile,
  asked: LiveAuthority | null = null,
): RotationRecord {
  const { phase, currentId } = live.rotation;
  const known = rotation.phases.at(-1)?.phase === phase;
  const identified = { ...rotation, current_id: currentId };
  const proof = asked === null ? null : turnedBackOutOf(asked, rotation, live, now);
  return {
    ...identified,
    requested: null,
    ...(proof === null ? {} : { turned_back: proof }),
    introduced: introducedKeys(identified, live, profile),
    phases: known ? rotation.phases : [...rotation.phases, { phase, since: now, verified_at: null }],
  };
}

/** Everybody was seen at the phase. Who joined meanwhile is on the roster from now on. */
export function verified(
  rotation: RotationRecord,
  observation: ClusterObservation,
  phase: Phase,
  now: string,
): RotationRecord {
  return {
    ...rotation,
    roster: rotation.roster === null ? null : withNewcomers(rotation.roster, observation, rotation.authority),
    phases: rotation.phases.map((entry) => (entry.phase === phase ? { ...entry, verified_at: now } : entry)),
  };
}

/** New keys that auth servers with an HSM of their own added since init was entered. */
export function followed(
  rotation: RotationRecord,
  live: LiveAuthority,
  profile: PlatformProfile,
): RotationRecord {
  // Before init was observed there is nothing to follow.
  if (rotation.introduced.length === 0) return rotation;
  return { ...rotation, introduced: introducedKeys(rotation, live, profile) };
}

/**
 * Notes what happened while nobody looked: a rotation that ended, because a run was killed between the last
 * transition and its note of it or a hand finished or rolled it back; keys that auth servers added.
 */
export function catchUp(record: ClusterRecord, observation: ClusterObservation, now: string): ClusterRecord {
  return {
    ...record,
    rotations: record.rotations.map((rotation) => {
      const live = observation.authorities.find(({ type }) => type === rotation.authority);
      if (rotation.ended_at !== null || live === undefined) return rotation;
      const { profile } = observation;
      const learnt = withRenewals(rotation, observation);
      return endedUnseen(contradicted(followed(learnt, live, profile), observation), live, now, profile);
    }),
  };
}

/** Less than this is no news: every change of the record is a write to the remote. */
const NEWS = 1.1;

/** What this run has seen of how often components announce themselves, for the next one. */
function withRenewals(rotation: RotationRecord, { rows }: ClusterObservation): RotationRecord {
  const known = rotation.renewals ?? [];
  const isNews = rows?.renewals.some(
    ({ kind, longest_ms }) => longest_ms > NEWS * (known.find((one) => one.kind === kind)?.longest_ms ?? 0),
  );
  return isNews === true ? { ...rotation, renewals: longestOf(rows?.renewals ?? [], known) } : rotation;
}

/**
 * Somebody of this rotation is seen past init: the look that its rollback was asked out of was too old to show that
 * it had gone on. Then the note of that look proves nothing.
 */
function contradicted(rotation: RotationRecord, { components }: ClusterObservation): RotationRecord {
  if (rotation.turned_back == null) return rotation;
  const isPastInit = componentTable(components).reports.some(
    ({ phase, currentId }) =>
      currentId === rotation.current_id && (phase === "update_clients" || phase === "update_servers"),
  );
  return isPastInit ? { ...rotation, turned_back: null } : rotation;
}

function endedUnseen(
  rotation: RotationRecord,
  live: LiveAuthority,
  now: string,
  profile: PlatformProfile,
): RotationRecord {
  const { state, currentId } = live.rotation;
  if (state !== "standby" || rotation.current_id === null || rotation.current_id !== currentId)
    return rotation;
  const how = endOf(rotation, live);
  if (how === null) return rotation;
  const last: PhaseRecord | undefined = rotation.phases.at(-1);
  // Whoever entered standby, it stays open until everybody was seen there.
  if (last?.phase === "standby" && last.verified_at === null) return rotation;
  const isOwnEnd = how === "finished" || rotation.requested?.to === "standby";
  if (isOwnEnd && last?.phase !== "standby" && reportedByComponents(profile, rotation.authority)) {
    return entered(rotation, live, now, profile);
  }
  const byHand = how === "rolled_back" && !isOwnEnd && rotation.reason === null;
  return ended(byHand ? { ...rotation, reason: BY_HAND } : rotation, how, now);
}
