import { reportedByComponents } from "../profile/lookup.ts";
import type { PlatformProfile } from "../profile/profile.ts";
import { workOfType } from "./checklist.ts";

/**
 * What a person states of a rotation whose start capstan did not see: that everybody who was there before init is there
 * now. The guard `roster` reads it, and apply takes the roster from who is there then.
 */
export function rosterStep(type: string): string {
  return `${type}/adopt/roster-complete`;
}

/** Every step of a CA type that a statement may name: those of the table, and that of its roster where it has one. */
export function stepIdsOf(
  profile: Pick<PlatformProfile, "types" | "unknownType" | "checklist">,
  type: string,
): readonly string[] {
  const work = workOfType(profile, type).map(({ id }) => id);
  return reportedByComponents(profile, type) ? [...work, rosterStep(type)] : work;
}
