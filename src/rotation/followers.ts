import type { Presence } from "../profile/component-kind.ts";
import { unreadListing } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { clockAhead, runOutTimes, silenceOf } from "./announcements.ts";
import { keyOf } from "./component-key.ts";
import { membersOf } from "./members.ts";
import type { ComponentKind, LiveAuthority, LiveComponent } from "./observation.ts";
import type { Phase } from "./phase.ts";
import type { RosterMember } from "./record.ts";

/**
 * Who follows a CA, and who does not: the one place that compares a component with the phase and the
 * `current_id` of the authority. Phase alone is not enough: it also matches a rotation of last year
 * (reference teleport-rotation 1.5, 3.2).
 */
export interface Follower {
  readonly kind: ComponentKind;
  readonly id: string;
  readonly name: string;
  /** `node/node2`; the id in place of the name where two share one. */
  readonly subject: string;
  readonly standing: Standing;
  /** A clause about it: `is at init, not update_clients`. */
  readonly seen: string;
}

/**
 * `silent`: announced itself once, but not lately. `missing`: not in the listing at all. `unread`: the listing of its
 * kind could not be read, so nobody knows. `away`: it is connected and not in the listing, as while it reloads.
 * `unclear`: it is there, and what it says tells nobody where it is.
 */
type Standing =
  | "following"
  | "lagging"
  | "unclear"
  | "silent"
  | "missing"
  | "away"
  | "unread"
  | "not-reporting";

/**
 * The roster and everybody in the listing, each once, judged against the authority's phase. `ids`: those that are as
 * good as the one of the authority.
 */
export function followersOf(
  observation: ClusterObservation,
  authority: LiveAuthority,
  roster: readonly RosterMember[],
  phase: Phase,
  now: number,
  ids: readonly (string | null)[] = [authority.rotation.currentId],
): readonly Follower[] {
  const all: Unnamed[] = [];
  judgeEach(observation, roster, { phase, now, ids }, (member, judged) => all.push({ member, judged }));
  return named(all, observation, roster);
}

/** How many follow, of whom there is nothing more to say, and who does not. */
export interface Standings {
  /** Without the kinds of which nobody follows. */
  readonly following: ReadonlyMap<ComponentKind, number>;
  /** Everybody else, those first who are listed. */
  readonly others: readonly Follower[];
}

/** The same, where those who follow are only counted: there may be a million of them. */
export function standingsOf(
  observation: ClusterObservation,
  authority: LiveAuthority,
  roster: readonly RosterMember[],
  phase: Phase,
  now: number,
  ids: readonly (string | null)[] = [authority.rotation.currentId],
): Standings {
  const following = new Map<ComponentKind, number>();
  const others: Unnamed[] = [];
  judgeEach(observation, roster, { phase, now, ids }, (member, judged) => {
    if (judged.standing !== "following") others.push({ member, judged });
    else following.set(member.kind, (following.get(member.kind) ?? 0) + 1);
  });
  return { following, others: named(others, observation, roster) };
}

/** Who was judged, without the name by which people know it. */
interface Unnamed {
  readonly member: RosterMember;
  readonly judged: Judged;
}

/** What everybody is held against. */
interface Measure {
  readonly phase: Phase;
  readonly now: number;
  readonly ids: readonly (string | null)[];
}

/** The listing in its order, then whoever of the roster is not in it. Makes nothing for those who follow. */
function judgeEach(
  observation: ClusterObservation,
  roster: readonly RosterMember[],
  { phase, now, ids }: Measure,
  visit: (member: RosterMember, judged: Judged) => void,
): void {
  const { components } = observation;
  const { presence } = observation.profile;
  const silence = presence === null ? () => null : silenceIn(observation, presence, now);
  const times = runOutTimes(components);
  const isOnRoster = (component: LiveComponent) => membersOf(roster).has(component);
  const following: Judged = { standing: "following", seen: `is at ${phase}` };
  const expected: Expected = { phase, ids, silence, runsOut: presence !== null, isOnRoster, following };
  for (let index = 0; index < components.length; index += 1) {
    const component = components[index] as LiveComponent;
    visit(component, judge(component, times[index] as number, expected));
  }
  const unlisted = unlistedOf(observation, roster);
  if (unlisted.length === 0) return;
  const witnesses = witnessesIn(observation, roster);
  for (const member of unlisted) visit(member, absent(member, witnesses));
}

/** Whoever of the roster is in no listing. */
function unlistedOf(
  { components }: ClusterObservation,
  roster: readonly RosterMember[],
): readonly RosterMember[] {
  if (roster.length === 0) return [];
  const listed = membersOf(components);
  return roster.filter((member) => !listed.has(member));
}

/**
 * By the clock of the cluster, as far as those who have just answered show that the one here is ahead. That it is behind
 * could as well be a longer life of their rows, and then everybody else would be silent.
 */
function silenceIn({ components, profile, rows }: ClusterObservation, presence: Presence, now: number) {
  const living = profile.componentKinds.flatMap(({ kind, alwaysThere }) =>
    alwaysThere === undefined ? [] : components.filter((one) => one.kind === kind),
  );
  return silenceOf(components, presence, now - Math.max(0, clockAhead(living, presence, now)), rows);
}

/** What tells of a member that is in no listing; made once, as there may be as many of them as components. */
interface Witnesses {
  readonly observation: ClusterObservation;
  /** Keys of those that are connected. */
  readonly connected: ReadonlySet<string>;
  /** Who is listed and was not there before, by kind and name. */
  readonly newcomers: ReadonlyMap<string, LiveComponent>;
}

function witnessesIn(observation: ClusterObservation, roster: readonly RosterMember[]): Witnesses {
  const { connected = [], components } = observation;
  const members = membersOf(roster);
  const newcomers = components.filter((one) => !members.has(one));
  return {
    observation,
    connected: new Set(connected.flatMap(({ id, kinds }) => kinds.map((kind) => keyOf({ kind, id })))),
    newcomers: new Map(newcomers.map((one) => [`${one.kind}/${one.name}`, one])),
  };
}

function absent(
  member: RosterMember,
  { observation, connected, newcomers }: Witnesses,
): Pick<Follower, "standing" | "seen"> {
  const { kind, name } = member;
  const unread = unreadListing(observation, kind);
  if (unread !== undefined) {
    return { standing: "unread", seen: `was not looked at: ${unread.what} could not be read` };
  }
  if (connected.has(keyOf(member))) {
    return {
      standing: "away",
      seen: "is connected and not in the listing, as for some minutes after it reloads: nobody knows where it is",
    };
  }
  const again = newcomers.get(`${kind}/${name}`);
  const seen = "was there when the rotation began and is not in the listing now";
  if (again === undefined) return { standing: "missing", seen };
  // An agent without storage comes back as another one, and joins anew (teleport#7931).
  const at = again.phase === null ? "it reports no rotation" : `it is at ${again.phase}`;
  return { standing: "missing", seen: `${seen}; ${name} is there under another id, ${again.id}: ${at}` };
}

/** Names for people, ids where two components of a kind have the same name. */
function named(
  those: readonly Unnamed[],
  observation: ClusterObservation,
  roster: readonly RosterMember[],
): readonly Follower[] {
  if (those.length === 0) return [];
  const owners = ownersOf(those, observation, roster);
  return those.map(({ member, judged }) => {
    const { kind, id, name } = member;
    const unique = name !== "" && owners.get(kind)?.get(name) === 1;
    return { kind, id, name, subject: unique ? `${kind}/${name}` : keyOf(member), ...judged };
  });
}

/** How many bear each of the names, by kind. */
function ownersOf(
  those: readonly Unnamed[],
  observation: ClusterObservation,
  roster: readonly RosterMember[],
): ReadonlyMap<ComponentKind, ReadonlyMap<string, number>> {
  const owners = new Map<ComponentKind, Map<string, number>>();
  for (const { member } of those) {
    const ofKind = owners.get(member.kind);
    if (ofKind === undefined) owners.set(member.kind, new Map([[member.name, 0]]));
    else ofKind.set(member.name, 0);
  }
  for (const everybody of [observation.components, unlistedOf(observation, roster)]) {
    for (const { kind, name } of everybody) {
      const ofKind = owners.get(kind);
      const count = ofKind?.get(name);
      if (count !== undefined) ofKind?.set(name, count + 1);
    }
  }
  return owners;
}

interface Judged {
  readonly standing: Standing;
  readonly seen: string;
}

/** Where a component should be, and as what. */
interface Expected {
  readonly phase: Phase;
  readonly ids: readonly (string | null)[];
  readonly silence: (component: LiveComponent, runsOut: number) => number | null;
  /** Whether what is announced runs out. */
  readonly runsOut: boolean;
  readonly isOnRoster: (component: LiveComponent) => boolean;
  /** Of all who follow, the same. */
  readonly following: Judged;
}

function judge(component: LiveComponent, runsOut: number, expected: Expected): Judged {
  if (component.phase === null) {
    // Whoever is on the roster did report when it was taken.
    return expected.isOnRoster(component)
      ? { standing: "unclear", seen: "reported its rotation when this one began, and reports none now" }
      : { standing: "not-reporting", seen: "reports no rotation" };
  }
  if (expected.runsOut && Number.isNaN(runsOut)) {
    return { standing: "unclear", seen: "does not say until when its row holds, nor so whether it is there" };
  }
  const lag = expected.silence(component, runsOut);
  if (lag !== null) {
    return {
      standing: "silent",
      seen: `has not announced itself for ${Math.round(lag / 60_000)} minutes (last at ${component.phase})`,
    };
  }
  return unclear(component, expected) ?? compare(component, component.phase, expected);
}

/** An empty rotation is right in standby where the CA never rotated, and nowhere else. */
function unclear({ unclear: said, currentId }: LiveComponent, { phase, ids }: Expected): Judged | null {
  if (said === undefined) return null;
  if (said !== "") return { standing: "unclear", seen: `reports a phase that nobody knows (${said})` };
  if (phase === "standby" && currentId === null && ids.includes(null)) return null;
  return { standing: "unclear", seen: `reports an empty rotation, not ${phase}` };
}

/** By phase and id, in standby too: who slept through the last rotation says standby as well. */
function compare({ currentId }: LiveComponent, at: Phase, { phase, ids, following }: Expected): Judged {
  if (at !== phase) return { standing: "lagging", seen: `is at ${at}, not ${phase}` };
  if (ids.includes(currentId)) return following;
  return {
    standing: "lagging",
    seen: `is at ${phase}, but of another rotation (${currentId ?? "no id"})`,
  };
}
