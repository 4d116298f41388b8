import type { Presence } from "../profile/component-kind.ts";
import { unreadListing } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { clockAhead, isBeyond, lagBounds } from "./announcements.ts";
import { keyOf } from "./component-key.ts";
import { type ComponentReport, componentTable, listedOfKind } from "./component-table.ts";
import { memberTable } from "./member-table.ts";
import type { ComponentKind, LiveAuthority, LiveComponent } from "./observation.ts";
import type { Phase } from "./phase.ts";
import type { Roster, RosterMember } from "./record.ts";

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
  roster: Roster,
  phase: Phase,
  now: number,
  ids: readonly (string | null)[] = [authority.rotation.currentId],
): readonly Follower[] {
  const all: Unnamed[] = [];
  const { members } = componentTable(observation.components);
  const judgeRow = judgeOf(observation, roster, { phase, now, ids });
  for (let row = 0; row < members.length; row += 1)
    all.push({ member: members.at(row), judged: judgeRow(row) });
  return named(all, unlistedOf(observation, roster), observation);
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
  roster: Roster,
  phase: Phase,
  now: number,
  ids: readonly (string | null)[] = [authority.rotation.currentId],
): Standings {
  const table = componentTable(observation.components);
  const judgeRow = judgeOf(observation, roster, { phase, now, ids });
  const reported = table.reports.map(() => 0);
  const others: Unnamed[] = [];
  for (let row = 0; row < table.length; row += 1) {
    const judged = judgeRow(row);
    if (judged.standing !== "following") others.push({ member: table.members.at(row), judged });
    else reported[table.reportAt(row)] = (reported[table.reportAt(row)] as number) + 1;
  }
  const following = new Map<ComponentKind, number>();
  for (const [report, { kind }] of table.reports.entries()) {
    const count = (following.get(kind) ?? 0) + (reported[report] as number);
    if (count > 0) following.set(kind, count);
  }
  return { following, others: named(others, unlistedOf(observation, roster), observation) };
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

/**
 * Judges a row of the listing. What it reports is judged once for all who report it: there may be a million of them. Only
 * whether it is silent, and was expected to report at all, is its own.
 */
function judgeOf(
  observation: ClusterObservation,
  roster: Roster,
  { phase, now, ids }: Measure,
): (row: number) => Judged {
  const table = componentTable(observation.components);
  const { presence } = observation.profile;
  const bounds = presence === null ? null : boundsIn(observation, presence, now);
  const reports = table.reports.map((report) => ({
    bound: report.phase === null ? undefined : bounds?.get(report.kind),
    judged: judgeReport(report, { phase, ids }),
  }));
  return (row) => {
    const { bound, judged } = reports[table.reportAt(row)] as (typeof reports)[number];
    if (judged === null) return notReporting(table.members.at(row), roster);
    if (presence !== null && Number.isNaN(table.runsOutAt(row))) return ENDLESS;
    if (bound === undefined || !isBeyond(bound, table.runsOutAt(row))) return judged;
    const component = table.at(row);
    if (observation.rows?.lively.has(keyOf(component)) === true) return judged;
    const minutes = Math.round((bound.latest - table.runsOutAt(row)) / 60_000);
    return {
      standing: "silent",
      seen: `has not announced itself for ${minutes} minutes (last at ${component.phase})`,
    };
  };
}

/** Whoever of the roster is in no listing, as what. */
function unlistedOf(observation: ClusterObservation, roster: Roster): readonly Unnamed[] {
  const members = memberTable(roster);
  const rows = members.rowsNotIn(componentTable(observation.components).members);
  if (rows.length === 0) return [];
  const witnesses = witnessesIn(observation, roster);
  return rows.map((row) => {
    const member = members.at(row);
    return { member, judged: absent(member, witnesses) };
  });
}

/**
 * By the clock of the cluster, as far as those who have just answered show that the one here is ahead. That it is behind
 * could as well be a longer life of their rows, and then everybody else would be silent.
 */
function boundsIn({ components, profile, rows }: ClusterObservation, presence: Presence, now: number) {
  const living = profile.componentKinds.flatMap(({ kind, alwaysThere }) =>
    alwaysThere === undefined ? [] : listedOfKind(components, kind),
  );
  return lagBounds(components, presence, now - Math.max(0, clockAhead(living, presence, now)), rows);
}

/** What tells of a member that is in no listing; made once, as there may be as many of them as components. */
interface Witnesses {
  readonly observation: ClusterObservation;
  /** Keys of those that are connected. */
  readonly connected: ReadonlySet<string>;
  /** Who is listed and was not there before, by kind and name. */
  readonly newcomers: ReadonlyMap<string, LiveComponent>;
}

function witnessesIn(observation: ClusterObservation, roster: Roster): Witnesses {
  const { connected = [], components } = observation;
  const table = componentTable(components);
  const newcomers = table.members.rowsNotIn(memberTable(roster)).map((row) => table.at(row));
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

/** Those who are listed and those who are not; names for people, ids where two components of a kind have the same name. */
function named(
  listed: readonly Unnamed[],
  unlisted: readonly Unnamed[],
  observation: ClusterObservation,
): readonly Follower[] {
  const those = [...listed, ...unlisted];
  if (those.length === 0) return [];
  const owners = ownersOf(those, unlisted, observation);
  return those.map(({ member, judged }) => {
    const { kind, id, name } = member;
    const unique = name !== "" && owners.get(kind)?.get(name) === 1;
    return { kind, id, name, subject: unique ? `${kind}/${name}` : keyOf(member), ...judged };
  });
}

/** How many bear each of the names, by kind. */
function ownersOf(
  those: readonly Unnamed[],
  unlisted: readonly Unnamed[],
  { components }: ClusterObservation,
): ReadonlyMap<ComponentKind, ReadonlyMap<string, number>> {
  const owners = new Map<ComponentKind, Map<string, number>>();
  for (const { member } of those) {
    const ofKind = owners.get(member.kind);
    if (ofKind === undefined) owners.set(member.kind, new Map([[member.name, 0]]));
    else ofKind.set(member.name, 0);
  }
  const { members } = componentTable(components);
  for (const [kind, ofKind] of owners) {
    const count = (name: string) => {
      const known = ofKind.get(name);
      if (known !== undefined) ofKind.set(name, known + 1);
    };
    for (const row of members.rowsOf(kind)) count(members.nameAt(row));
    for (const { member } of unlisted) if (member.kind === kind) count(member.name);
  }
  return owners;
}

interface Judged {
  readonly standing: Standing;
  readonly seen: string;
}

/** Where a component should be, and as what. */
type Expected = Pick<Measure, "phase" | "ids">;

/** What is announced runs out: a row that does not say when proves nobody to be there. */
const ENDLESS: Judged = {
  standing: "unclear",
  seen: "does not say until when its row holds, nor so whether it is there",
};

/** `null`: it reports no rotation. */
function judgeReport(report: ComponentReport, expected: Expected): Judged | null {
  if (report.phase === null) return null;
  return unclear(report, expected) ?? compare(report, report.phase, expected);
}

/** Whoever is on the roster did report when it was taken. */
function notReporting(member: RosterMember, roster: Roster): Judged {
  return memberTable(roster).has(member)
    ? { standing: "unclear", seen: "reported its rotation when this one began, and reports none now" }
    : { standing: "not-reporting", seen: "reports no rotation" };
}

/** An empty rotation is right in standby where the CA never rotated, and nowhere else. */
function unclear({ unclear: said, currentId }: ComponentReport, { phase, ids }: Expected): Judged | null {
  if (said === undefined) return null;
  if (said !== "") return { standing: "unclear", seen: `reports a phase that nobody knows (${said})` };
  if (phase === "standby" && currentId === null && ids.includes(null)) return null;
  return { standing: "unclear", seen: `reports an empty rotation, not ${phase}` };
}

/** By phase and id, in standby too: who slept through the last rotation says standby as well. */
function compare({ currentId }: ComponentReport, at: Phase, { phase, ids }: Expected): Judged {
  if (at !== phase) return { standing: "lagging", seen: `is at ${at}, not ${phase}` };
  if (ids.includes(currentId)) return { standing: "following", seen: `is at ${phase}` };
  return {
    standing: "lagging",
    seen: `is at ${phase}, but of another rotation (${currentId ?? "no id"})`,
  };
}
