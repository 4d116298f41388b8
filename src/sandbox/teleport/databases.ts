import { type AuthorityStore, pinsOf, trustedPins } from "./authority-store.ts";
import type { Pin } from "./keys.ts";

/** What a self-hosted database was last given by hand. */
interface Database {
  /** The key of the db CA that signed its server certificate. */
  readonly serves: Pin | null;
  /** The keys of the db_client CA whose certificates it lets in. */
  readonly trusts: ReadonlySet<Pin>;
}

/**
 * The databases behind the Database Service. Nothing in the cluster tells them of a rotation: each lives by what
 * `auth sign --format=db` last wrote for its host, and who forgets one finds out when people are shut out.
 */
export class Databases {
  readonly #authorities: AuthorityStore;
  readonly #known = new Map<string, Database>();

  /** `names`: those of the cluster, as they are when it has its CAs. */
  constructor(authorities: AuthorityStore, names: readonly string[]) {
    this.#authorities = authorities;
    this.signedFor(names);
  }

  /** `auth sign` was run for these hosts, and a person put into place what it wrote. */
  signedFor(hosts: readonly string[]): void {
    for (const host of hosts) this.#known.set(nameOf(host), this.#asOfNow());
  }

  /**
   * Why the Database Service cannot open it now, in the words of either end; `null`: it can. Who overrides a CA has its
   * external root trusted before: an entry in force is always let in.
   */
  problem(name: string, isOverridden: boolean): string | null {
    const { serves, trusts } = this.#known.get(name) ?? this.#asOfNow();
    const db = this.#authorities.current("db");
    if (db !== undefined && serves !== null && !trustedPins(db).has(serves)) {
      return "x509: certificate signed by unknown authority";
    }
    const [signer] = pinsOf(this.#authorities.current("db_client")?.active ?? []);
    return isOverridden || signer === undefined || trusts.has(signer)
      ? null
      : "remote error: tls: unknown certificate authority";
  }

  #asOfNow(): Database {
    const db = this.#authorities.current("db");
    const client = this.#authorities.current("db_client");
    // The new key of the db CA signs in init already (#11879).
    const signers = db?.rotation?.phase === "init" ? db.trusted : (db?.active ?? []);
    return {
      serves: pinsOf(signers)[0] ?? null,
      trusts: client === undefined ? new Set() : trustedPins(client),
    };
  }
}

/** `orders.acme.example.com` is the host of `orders`. */
function nameOf(host: string): string {
  return host.split(".")[0] ?? host;
}
