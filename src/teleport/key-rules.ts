import { type EndOfRollback, type KeyRules, usualKeysAfter } from "../profile/key-rules.ts";
import type { AuthorityKey, LiveAuthority, Versions } from "../rotation/observation.ts";

/** What Teleport does to the keys of a CA (reference teleport-rotation 1.4, 1.9). */
export const KEY_RULES: KeyRules = { after: usualKeysAfter, endOfRollback, growsInInit: isHeldInHsm };

/**
 * Before v7 it swaps the keys in a rollback out of init too, so that there is no way back from there: the new key
 * signs, and the old one goes at standby (recordings/README: seen on 5.0, not on 11.1).
 */
function endOfRollback({ rotation }: LiveAuthority, { server }: Versions): EndOfRollback {
  const { phase, state } = rotation;
  const outOfInit = phase === "init" || (phase === "standby" && state === "in_progress");
  if (!outOfInit) return "new-key-goes";
  const major = Number(/^v?(\d+)\./.exec(server ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(major)) return "unclear";
  return major < 7 ? "old-key-goes" : "new-key-goes";
}

/**
 * PKCS#11 only: with keys in an HSM of its own, every other auth server adds one on a tick of its own while the phase
 * is init. The key services of clouds hand the same key to all auth servers.
 */
export function isHeldInHsm({
  active,
  trusted,
}: {
  readonly active: readonly AuthorityKey[];
  readonly trusted: readonly AuthorityKey[];
}): boolean {
  return [...active, ...trusted].some(({ storage }) => /HSM/.test(storage));
}
