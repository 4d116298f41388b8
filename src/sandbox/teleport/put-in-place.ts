import type { AuthorityStore } from "./authority-store.ts";
import type { KeyGeneration } from "./keys.ts";

/** CAs that something outside trusts by a file or a directory that a person writes: nothing in the cluster does it. */
const BY_HAND = ["openssh", "windows"] as const;

/** Such a CA. */
type ByHand = (typeof BY_HAND)[number];

/**
 * What OpenSSH servers have in TrustedUserCAKeys, and Active Directory in NTAuth. `auth export` of such a CA stands for a
 * person who also puts what it prints into place; who forgets it finds out when people are shut out.
 */
export class PutInPlace {
  readonly #authorities: AuthorityStore;
  readonly #trusted = new Map<ByHand, ReadonlySet<KeyGeneration>>();

  /** As it is when the cluster has its CAs. */
  constructor(authorities: AuthorityStore) {
    this.#authorities = authorities;
    for (const type of BY_HAND) this.#put(type);
  }

  /** Somebody exported a CA, of whatever type. */
  exported(type: string): void {
    const known = BY_HAND.find((one) => one === type);
    if (known !== undefined) this.#put(known);
  }

  /** Whether the key that signs now is trusted there. */
  trustsSigner(type: ByHand): boolean {
    const signing = this.#authorities.current(type)?.active ?? [];
    return signing.some((key) => [...(this.#trusted.get(type) ?? [])].some((one) => isSame(one, key)));
  }

  #put(type: ByHand): void {
    const authority = this.#authorities.current(type);
    if (authority !== undefined)
      this.#trusted.set(type, new Set([...authority.active, ...authority.trusted]));
  }
}

function isSame(one: KeyGeneration, other: KeyGeneration): boolean {
  return one.tls?.fingerprint === other.tls?.fingerprint && one.ssh?.line === other.ssh?.line;
}
