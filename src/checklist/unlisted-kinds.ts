import type { PlatformProfile } from "../profile/profile.ts";
import type { ComponentKind } from "../rotation/observation.ts";

/**
 * What a person states of a kind of component that the executable cannot list: that all of them were looked after by hand.
 * It holds until the rotation ends. The guard `components-ready` reads it.
 */
export function unlistedStep(kind: ComponentKind): string {
  return `components/${kind}/unlisted`;
}

/** Whether a step is such a statement, about a kind that the platform has. */
export function isUnlistedStep(
  step: string,
  { componentKinds }: Pick<PlatformProfile, "componentKinds">,
): boolean {
  return componentKinds.some(({ kind }) => unlistedStep(kind) === step);
}
