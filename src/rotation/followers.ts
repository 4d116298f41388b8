import type { Presence } from "../profile/component-kind.ts";
import { unreadListing } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { clockAhead, silenceOf } from "./announcements.ts";
import { keyOf } from "./component-key.ts";
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
  const { presence } = observation.profile;
  const silence = presence === null ? () => null : silenceIn(observation, presence, now);
  const listed = new Map(observation.components.map((component) => [keyOf(component), component]));
  const unlisted = roster.filter((member) => !listed.has(keyOf(member)));
  const members = new Set(roster.map(keyOf));
  const witnesses = witnessesIn(observation, members);
  const names = subjects([...observation.components, ...unlisted]);
  return [
    ...observation.components.map((component) => ({
      ...pick(component, names),
      ...judge(component, { phase, ids, silence, isOnRoster: members.has(keyOf(component)) }),
    })),
    ...unlisted.map((member) => ({
      ...pick(member, names),
      ...absent(member, witnesses),
    })),
  ];
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

function witnessesIn(observation: ClusterObservation, members: ReadonlySet<string>): Witnesses {
  const { connected = [], components } = observation;
  const newcomers = components.filter((one) => !members.has(keyOf(one)));
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

function pick(component: RosterMember, names: ReadonlyMap<string, string>) {
  const { kind, id, name } = component;
  return { kind, id, name, subject: names.get(keyOf(component)) ?? keyOf(component) };
}

/** Names for people, ids where two components of a kind have the same name. */
function subjects(components: readonly RosterMember[]): ReadonlyMap<string, string> {
  const owners = new Map<string, number>();
  for (const { kind, name } of components) {
    owners.set(`${kind}/${name}`, (owners.get(`${kind}/${name}`) ?? 0) + 1);
  }
  return new Map(
    components.map((component) => {
      const named = `${component.kind}/${component.name}`;
      const unique = component.name !== "" && owners.get(named) === 1;
      return [keyOf(component), unique ? named : keyOf(component)];
    }),
  );
}

interface Judged {
  readonly standing: Standing;
  readonly seen: string;
}

/** Where a component should be, and as what. */
interface Expected {
  readonly phase: Phase;
  readonly ids: readonly (string | null)[];
  readonly silence: (component: LiveComponent) => number | null;
  readonly isOnRoster: boolean;
}

function judge(component: LiveComponent, expected: Expected): Judged {
  if (component.phase === null) {
    // Whoever is on the roster did report when it was taken.
    return expected.isOnRoster
      ? { standing: "unclear", seen: "reported its rotation when this one began, and reports none now" }
      : { standing: "not-reporting", seen: "reports no rotation" };
  }
  const lag = expected.silence(component);
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
function compare({ currentId }: LiveComponent, at: Phase, { phase, ids }: Expected): Judged {
  if (at !== phase) return { standing: "lagging", seen: `is at ${at}, not ${phase}` };
  if (ids.includes(currentId)) return { standing: "following", seen: `is at ${phase}` };
  return {
    standing: "lagging",
    seen: `is at ${phase}, but of another rotation (${currentId ?? "no id"})`,
  };
}
