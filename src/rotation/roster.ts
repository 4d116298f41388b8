import { componentTable } from "./component-table.ts";
import { MemberTable } from "./member-table.ts";
import type { Components } from "./observation.ts";
import type { Roster } from "./record.ts";

/** Everybody who is there and reports a phase. */
export function rosterOf({ components }: { readonly components: Components }): Roster {
  const table = componentTable(components);
  const isReporting = table.reports.map(({ phase }) => phase !== null);
  if (!isReporting.includes(false)) return table.members;
  const roster = new MemberTable();
  for (let row = 0; row < table.length; row += 1) {
    if (isReporting[table.reportAt(row)]) roster.add(table.members.at(row));
  }
  return roster;
}
