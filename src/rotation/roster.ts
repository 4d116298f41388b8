import type { LiveComponent } from "./observation.ts";
import type { RosterMember } from "./record.ts";

/** Everybody who is there and reports a phase. */
export function rosterOf({
  components,
}: {
  readonly components: readonly LiveComponent[];
}): readonly RosterMember[] {
  return components.filter(({ phase }) => phase !== null).map(({ kind, id, name }) => ({ kind, id, name }));
}
