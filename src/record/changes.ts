import { reportedByComponents } from "../profile/lookup.ts";
import type { ClusterObservation, PlatformProfile } from "../profile/profile.ts";
import { isFinished, turnedBackOutOf } from "../rotation/evidence.ts";
import { introducedKeys, keysBeside } from "../rotation/introduced-keys.ts";
import { type Fingerprint, identify, type LiveAuthority } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import { COVERS_ONE_STEP, type Step } from "../rotation/plan.ts";
import type { ClusterRecord, PhaseRecord, RosterMember, RotationRecord } from "../rotation/record.ts";

/**
 * How the record changes, as functions from record to record: apply saves what they return. The record follows
 * what was observed; it never runs ahead of it.
 */

/**
 * The intent to start a rotation, or to take on one that others started. The roster is that of this moment. In the
 * middle of a rotation it may lack whoever is lost already: there it is taken only where a person has waived that
 * nobody knows who was there before (`acceptsRoster`).
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
    started_at: now,
    ended_at: null,
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

function firstRoster(
  live: LiveAuthority,
  observation: ClusterObservation,
  acceptsRoster: boolean,
): readonly RosterMember[] | null {
  if (!reportedByComponents(observation.profile, live.type)) return [];
  return live.rotation.state === "standby" || acceptsRoster ? rosterOf(observation) : null;
}

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
    roster: rotation.roster === null ? null : merge(rotation.roster, observation, rotation.authority),
    phases: rotation.phases.map((entry) => (entry.phase === phase ? { ...entry, verified_at: now } : entry)),
  };
}

/** About to ask for a transition. */
export function asked(rotation: RotationRecord, to: Phase, now: string): RotationRecord {
  return { ...rotation, requested: { to, at: now } };
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

/** On the way out, and why. */
export function turnedBack(rotation: RotationRecord, reason: string): RotationRecord {
  return { ...rotation, state: "rolling_back", reason };
}

export function ended(
  rotation: RotationRecord,
  state: "finished" | "rolled_back",
  now: string,
): RotationRecord {
  return { ...rotation, state, ended_at: now };
}

/** A resource content that drives the rotation: the one that quarantine compares with later. */
export function drivenBy(rotation: RotationRecord, content: string): RotationRecord {
  if (rotation.contents.includes(content)) return rotation;
  return { ...rotation, contents: [...rotation.contents, content] };
}

/** The waivers of time that let this step through are used up by it: who waived one window did not waive the next. */
export function spending(
  rotation: RotationRecord,
  { from, to, guards }: Pick<Step, "from" | "to" | "guards">,
): RotationRecord {
  const used = guards
    .filter(({ id }) => COVERS_ONE_STEP.includes(id))
    .flatMap(({ id, waived }) =>
      waived.map(({ subject, reason, expires }) => ({ guard: id, subject, reason, expires, from, to })),
    );
  if (used.length === 0) return rotation;
  const known = (rotation.spent ?? []).map((waiver) => JSON.stringify(waiver));
  const fresh = used.filter((waiver) => !known.includes(JSON.stringify(waiver)));
  return { ...rotation, spent: [...(rotation.spent ?? []), ...fresh] };
}

/** Puts a changed rotation back into the record; at most one per authority is open. */
export function remember(record: ClusterRecord, rotation: RotationRecord): ClusterRecord {
  return {
    ...record,
    rotations: record.rotations.map((entry) =>
      entry.authority === rotation.authority && entry.ended_at === null ? rotation : entry,
    ),
  };
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
      return settleOne(contradicted(followed(rotation, live, profile), observation), live, now, profile);
    }),
  };
}

/**
 * Somebody of this rotation is seen past init: the look that its rollback was asked out of was too old to show that
 * it had gone on. Then the note of that look proves nothing.
 */
function contradicted(rotation: RotationRecord, { components }: ClusterObservation): RotationRecord {
  if (rotation.turned_back == null) return rotation;
  const isPastInit = components.some(
    ({ phase, currentId }) =>
      currentId === rotation.current_id && (phase === "update_clients" || phase === "update_servers"),
  );
  return isPastInit ? { ...rotation, turned_back: null } : rotation;
}

function settleOne(
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

/** The reason of a rollback that capstan did not take. */
export const BY_HAND = "rolled back outside capstan";

/**
 * How a rotation ended, told by the keys that are left and by nothing else: Teleport 5 drops the old key at the end of
 * a rollback out of init (recordings/README). `null`: they do not tell.
 */
export function endOf(
  { retire }: Pick<RotationRecord, "retire">,
  live: LiveAuthority,
): "finished" | "rolled_back" | null {
  switch (isFinished(retire, live)) {
    case "proven":
      return "finished";
    case "refuted":
      return identify(live.active).some((key) => retire.includes(key)) ? "rolled_back" : null;
    case "unknown":
      return null;
  }
}

function rosterOf(observation: ClusterObservation): readonly RosterMember[] {
  return observation.components
    .filter(({ phase }) => phase !== null)
    .map(({ kind, id, name }) => ({ kind, id, name }));
}

function merge(
  roster: readonly RosterMember[],
  observation: ClusterObservation,
  authority: string,
): readonly RosterMember[] {
  if (!reportedByComponents(observation.profile, authority)) return roster;
  const known = new Set(roster.map(({ kind, id }) => `${kind}/${id}`));
  return [...roster, ...rosterOf(observation).filter(({ kind, id }) => !known.has(`${kind}/${id}`))];
}
