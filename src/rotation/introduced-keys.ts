import type { PlatformProfile } from "../profile/profile.ts";
import { type Fingerprint, identify, type LiveAuthority } from "./observation.ts";
import type { RotationRecord } from "./record.ts";

/**
 * The keys that came with a rotation: those of init, and from then on no others. Where they come one after the other,
 * as servers with HSMs of their own add each its own, the set grows until init is left.
 */
export function introducedKeys(
  rotation: RotationRecord,
  live: LiveAuthority,
  { keyRules }: Pick<PlatformProfile, "keyRules">,
): readonly Fingerprint[] {
  const { introduced, retire, current_id } = rotation;
  const present = keysBeside(retire, live);
  if (introduced.length === 0) return present;
  const grows =
    live.rotation.phase === "init" && live.rotation.currentId === current_id && keyRules.growsInInit(live);
  return grows ? [...new Set([...introduced, ...present])].toSorted() : introduced;
}

/** The keys that are there now, without those to be retired. */
export function keysBeside(
  retire: readonly Fingerprint[],
  { active, trusted }: LiveAuthority,
): readonly Fingerprint[] {
  return identify([...active, ...trusted]).filter((key) => !retire.includes(key));
}
