import { isHeldInHsm } from "../teleport/guards/hsm-keys.ts";
import { type Fingerprint, identify, type LiveAuthority } from "./observation.ts";
import type { RotationRecord } from "./record.ts";

/**
 * The keys that came with a rotation: those of init, and from then on no others. With keys in an HSM of its own,
 * every other auth server adds one on a tick of its own while the phase is init (reference teleport-rotation 1.9),
 * so there the set grows until the phase is left.
 */
export function introducedKeys(rotation: RotationRecord, live: LiveAuthority): readonly Fingerprint[] {
  const { introduced, retire, current_id } = rotation;
  const present = keysBeside(retire, live);
  if (introduced.length === 0) return present;
  const grows = live.rotation.phase === "init" && live.rotation.currentId === current_id && isHeldInHsm(live);
  return grows ? [...new Set([...introduced, ...present])].toSorted() : introduced;
}

/** The keys that are there now, without those to be retired. */
export function keysBeside(
  retire: readonly Fingerprint[],
  { active, trusted }: LiveAuthority,
): readonly Fingerprint[] {
  return identify([...active, ...trusted]).filter((key) => !retire.includes(key));
}
