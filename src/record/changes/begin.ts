import { reportedByComponents } from "../../profile/lookup.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import { keysBeside } from "../../rotation/introduced-keys.ts";
import type { Fingerprint, LiveAuthority } from "../../rotation/observation.ts";
import type { ClusterRecord, Roster, RotationRecord } from "../../rotation/record.ts";
import { rosterOf } from "../../rotation/roster.ts";
import { ended, endOf } from "./ended.ts";

/**
 * The intent to start a rotation, or to take on one that others started. The roster is that of this moment. In the
 * middle of a rotation it may lack whoever is lost already: there it is taken only where a person has waived that
 * nobody knows who was there before, or has stated that nobody is missing (`acceptsRoster`).
 */
export function begin(
  record: ClusterRecord,
  rotation: {
    readonly name: string;
    readonly content: string;
    readonly retire: readonly Fingerprint[];
    readonly overridden?: readonly Fingerprint[] | null;
    readonly acceptsRoster?: boolean;
  },
  live: LiveAuthority,
  observation: ClusterObservation,
  now: string,
): ClusterRecord {
  const inProgress = live.rotation.state === "in_progress";
  const fresh: RotationRecord = {
    name: rotation.name,
    authority: live.type,
    state: "open",
    current_id: inProgress ? live.rotation.currentId : null,
    ...(inProgress ? {} : { previous_id: live.rotation.currentId }),
    retire: rotation.retire,
    introduced: inProgress ? keysBeside(rotation.retire, live) : [],
    overridden: inProgress ? null : (rotation.overridden ?? null),
    started_at: inProgress ? startedBefore(live, now) : now,
    ended_at: null,
    ...(inProgress || record.checks === undefined ? {} : { baseline: record.checks }),
    roster: firstRoster(live, observation, rotation.acceptsRoster === true),
    phases: inProgress ? [{ phase: live.rotation.phase, since: now, verified_at: null }] : [],
    requested: null,
    contents: [rotation.content],
    reason: null,
  };
  const others = record.rotations.flatMap((entry) => {
    if (entry.ended_at !== null || entry.authority !== live.type) return [entry];
    // An attempt before this one that was left open: how it ended, quarantine has to know.
    const isTheLast = entry.current_id !== null && entry.current_id === live.rotation.currentId;
    const how = !inProgress && isTheLast ? endOf(entry, live) : null;
    return how === null ? [] : [ended(entry, how, now)];
  });
  return { ...record, rotations: [...others, fresh] };
}

/** As the platform says of one that others began: work that was stated since is about this one. */
function startedBefore({ rotation }: LiveAuthority, now: string): string {
  const { started } = rotation;
  return started !== null && Date.parse(started) <= Date.parse(now) ? started : now;
}

/** The roster of now, where the record has none and a person has answered for it. */
export function rosterTaken(rotation: RotationRecord, observation: ClusterObservation): RotationRecord {
  return rotation.roster === null ? { ...rotation, roster: rosterOf(observation) } : rotation;
}

function firstRoster(
  live: LiveAuthority,
  observation: ClusterObservation,
  acceptsRoster: boolean,
): Roster | null {
  if (!reportedByComponents(observation.profile, live.type)) return [];
  return live.rotation.state === "standby" || acceptsRoster ? rosterOf(observation) : null;
}
