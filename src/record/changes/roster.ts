import { reportedByComponents } from "../../profile/lookup.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import { MemberTable, memberTable } from "../../rotation/member-table.ts";
import type { Roster } from "../../rotation/record.ts";
import { rosterOf } from "../../rotation/roster.ts";

/** The roster and whoever joined since; who vanished stays on it. */
export function withNewcomers(roster: Roster, observation: ClusterObservation, authority: string): Roster {
  if (!reportedByComponents(observation.profile, authority)) return roster;
  const known = memberTable(roster);
  const listed = memberTable(rosterOf(observation));
  const joined = listed.rowsNotIn(known);
  if (joined.length === 0) return roster;
  const all = new MemberTable();
  all.append(known);
  for (const row of joined) all.add(listed.at(row));
  return all;
}
