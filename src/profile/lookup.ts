import type { Unread } from "../rotation/observation.ts";
import type { AuthorityType } from "./authority-type.ts";
import type { ClusterObservation, PlatformProfile } from "./profile.ts";

/** What is known of a CA type, `undefined` for one that a newer server may have. */
export function knownType(
  { types }: Pick<PlatformProfile, "types">,
  name: string,
): AuthorityType | undefined {
  return types.find((type) => type.name === name);
}

/** The row of a CA type, and what is assumed where there is none. */
export function typeOf(profile: Pick<PlatformProfile, "types" | "unknownType">, name: string): AuthorityType {
  return knownType(profile, name) ?? profile.unknownType(name);
}

/** Whether components tell how far they have followed a CA; of every other type their rows say nothing. */
export function reportedByComponents(
  profile: Pick<PlatformProfile, "types" | "unknownType">,
  type: string,
): boolean {
  return typeOf(profile, type).reportedByComponents;
}

/** The kinds of component of a platform, in the order in which they are listed. */
export function kindsOf({ componentKinds }: Pick<PlatformProfile, "componentKinds">): readonly string[] {
  return componentKinds.map(({ kind }) => kind);
}

/** The listing of a kind of component, where it could not be read. */
export function unreadListing(
  { unread, profile }: Pick<ClusterObservation, "unread" | "profile">,
  kind: string,
): Unread | undefined {
  const listing = profile.componentKinds.find((row) => row.kind === kind)?.listing ?? null;
  return unread.find(({ what }) => what === listing);
}
