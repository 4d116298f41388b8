import type { AuthorityKey, LiveAuthority } from "../../rotation/observation.ts";
import type { Phase } from "../../rotation/phase.ts";
import { type KeyHash, keyHashOf } from "../../x509/spki.ts";

/** The TLS keys of a CA, which are what entries stand for. */
export interface CaKeys {
  /** They sign; several in HSM clusters, one per auth server. */
  readonly active: readonly KeyHash[];
  /** Trusted beside the active ones, only while a rotation is in progress. */
  readonly additional: readonly KeyHash[];
}

/** The TLS keys of a CA as the cluster shows them; SSH and JWT keys have no certificate to override. */
export function caKeys({ active, trusted }: LiveAuthority): CaKeys {
  return { active: tlsHashes(active), additional: tlsHashes(trusted) };
}

function tlsHashes(keys: readonly AuthorityKey[]): readonly KeyHash[] {
  return keys.filter(({ protocol }) => protocol === "tls").map(({ fingerprint }) => keyHashOf(fingerprint));
}

/** Whether the CA has the key, active or additional. */
export function isKnown({ active, additional }: CaKeys, hash: KeyHash): boolean {
  return active.includes(hash) || additional.includes(hash);
}

/**
 * Which keys a rotation retires and which it brings (reference 5.1).
 *
 *     phase                            active  additional
 *     standby                          OLD     none
 *     init, rollback                   OLD     NEW
 *     update_clients, update_servers   NEW     OLD
 */
export function generations(
  phase: Phase,
  { active, additional }: CaKeys,
): { readonly old: readonly KeyHash[]; readonly next: readonly KeyHash[] } {
  const flipped = phase === "update_clients" || phase === "update_servers";
  return flipped ? { old: additional, next: active } : { old: active, next: additional };
}

/** The self-signed certificate of a key, as the CA resource shows it. */
export function authorityKey({ active, trusted }: LiveAuthority, hash: KeyHash): AuthorityKey | undefined {
  return [...active, ...trusted].find(
    ({ protocol, fingerprint }) => protocol === "tls" && keyHashOf(fingerprint) === hash,
  );
}

/** Whether the repository asks to finish the rotation: then what belongs to OLD goes away, after the last step. */
export function endsForward(phase: Phase, goal: Phase | null): boolean {
  return goal === "standby" && phase !== "standby" && phase !== "rollback";
}
