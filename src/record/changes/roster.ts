import { reportedByComponents } from "../../profile/lookup.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { RosterMember } from "../../rotation/record.ts";
import { rosterOf } from "../../rotation/roster.ts";

/** The roster and whoever joined since; who vanished stays on it. */
export function withNewcomers(
  roster: readonly RosterMember[],
  observation: ClusterObservation,
  authority: string,
): readonly RosterMember[] {
  if (!reportedByComponents(observation.profile, authority)) return roster;
  const known = new Set(roster.map(({ kind, id }) => `${kind}/${id}`));
  return [...roster, ...rosterOf(observation).filter(({ kind, id }) => !known.has(`${kind}/${id}`))];
}
