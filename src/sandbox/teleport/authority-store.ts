import { randomUUID } from "node:crypto";
import { between, type Clock, type Random } from "../clock.ts";
import type { KeyGeneration, Pin } from "./keys.ts";
import type { AuthorityState } from "./rotation-machine.ts";

export type Authority = AuthorityState<KeyGeneration>;

/** One stored version of a CA, with what the server stamps on it. */
export interface StoredAuthority extends Authority {
  /** Milliseconds of the write: old versions print it as `metadata.id`. */
  readonly writtenAt: number;
  readonly revision: string;
}

/** How long the auth server's cache may lag behind a write, cluster time (recordings: up to 3 s). */
const CACHE_LAG_MS = { from: 150, to: 2500 };

interface Revision {
  readonly stored: StoredAuthority;
  readonly visibleFrom: number;
}

/**
 * The CAs of one cluster: the backend, which the server reads before it writes, and the cache in front of it,
 * which every `tctl` read goes through and which is stale right after a write.
 */
export class AuthorityStore {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #speed: number;
  readonly #revisions = new Map<string, Revision[]>();
  #frozen: { readonly at: number; readonly until: number } | null = null;

  constructor(clock: Clock, random: Random, speed: number) {
    this.#clock = clock;
    this.#random = random;
    this.#speed = speed;
  }

  get types(): readonly string[] {
    return [...this.#revisions.keys()];
  }

  /** The backend's version: what the server decides upon. */
  current(type: string): StoredAuthority | undefined {
    return this.#revisions.get(type)?.at(-1)?.stored;
  }

  /** The cache's version: what `tctl` shows. */
  cached(type: string): StoredAuthority | undefined {
    const now = this.#clock.now();
    const at = this.#frozen !== null && now < this.#frozen.until ? this.#frozen.at : now;
    const revisions = this.#revisions.get(type) ?? [];
    return (revisions.findLast((revision) => revision.visibleFrom <= at) ?? revisions[0])?.stored;
  }

  write(authority: Authority): void {
    const now = this.#clock.now();
    const revisions = this.#revisions.get(authority.type) ?? [];
    const lag = between(this.#random, CACHE_LAG_MS.from, CACHE_LAG_MS.to) / this.#speed;
    const previous = revisions.at(-1)?.visibleFrom ?? Number.NEGATIVE_INFINITY;
    revisions.push({
      stored: { ...authority, writtenAt: now, revision: randomUUID() },
      // A cache never shows an older version after a newer one.
      visibleFrom: revisions.length === 0 ? now : Math.max(now + lag, previous),
    });
    this.#revisions.set(authority.type, revisions);
  }

  /** Fault `stale`: reads stand still at this moment. */
  freeze(ms: number): void {
    const now = this.#clock.now();
    this.#frozen = { at: now, until: now + ms };
  }

  thaw(): void {
    this.#frozen = null;
  }
}

/** The pins of everything that the cluster trusts as this CA. */
export function trustedPins(authority: Authority): ReadonlySet<Pin> {
  return new Set([...pinsOf(authority.active), ...pinsOf(authority.trusted)]);
}

export function pinsOf(keys: readonly KeyGeneration[]): readonly Pin[] {
  return keys.flatMap((key) => (key.tls === null ? [] : [key.tls.fingerprint]));
}
