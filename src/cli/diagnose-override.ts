import type { PlatformProfile } from "../profile/profile.ts";
import { PROFILES } from "../profiles.ts";
import type { Diagnostic } from "../resources/model/desired.ts";
import type { ResourceDocument } from "../resources/read/document.ts";

/** What is wrong with an override resource by itself, by whichever platform has such resources. `now`: milliseconds. */
export async function diagnoseOverride(
  document: ResourceDocument,
  now: number,
): Promise<readonly Diagnostic[]> {
  const profiles: readonly PlatformProfile[] = Object.values(PROFILES);
  const found = await Promise.all(profiles.map(({ overrides }) => overrides?.diagnose(document, now) ?? []));
  return found.flat();
}
