import type {
  Fingerprint,
  LiveAuthority,
  PeerObservation,
  RemoteCluster,
} from "../../src/rotation/observation.ts";
import type { EmulatedAuthority } from "./authority.ts";

/** What a root pushes to its leafs (reference teleport-rotation 5). */
const COPIED: readonly string[] = ["host", "user", "db"];
const SYNCS_EVERY_MS = 60_000;

/** A leaf cluster as it is: which keys of its root it knows, whatever the root lists. */
export class EmulatedLeaf {
  readonly name = "leaf.acme.cluster";
  isUp = true;
  /** Whether whoever runs capstan can ask it. */
  isReachable = true;
  #copies: readonly LiveAuthority[] = [];
  #synced = Number.NEGATIVE_INFINITY;
  #heard: number | null = null;

  /** A moment of its life. `server`: what it dials. */
  live(authorities: readonly EmulatedAuthority[], server: readonly Fingerprint[], now: number): void {
    const joins = this.#copies.length === 0;
    if (!this.isUp || !(joins || server.some((key) => this.knows("host", key)))) return;
    this.#heard = now;
    if (now < this.#synced + SYNCS_EVERY_MS) return;
    this.#synced = now;
    this.#copies = authorities.filter(({ type }) => COPIED.includes(type)).map((one) => one.shown());
  }

  /** `true` of a CA that it has no copy of: it has nothing to be cut off from. */
  knows(type: string, key: Fingerprint): boolean {
    const copy = this.#copies.find((one) => one.type === type);
    return (
      copy === undefined || [...copy.active, ...copy.trusted].some(({ fingerprint }) => fingerprint === key)
    );
  }

  row(): RemoteCluster {
    const lastHeartbeat = this.#heard === null ? null : new Date(this.#heard).toISOString();
    // It says so minutes after the last heartbeat, too.
    return { name: this.name, connection: "online", lastHeartbeat };
  }

  asked(): PeerObservation {
    const isThere = this.isUp && this.isReachable;
    return isThere
      ? { cluster: this.name, problem: null, copies: this.#copies }
      : { cluster: this.name, problem: "Cannot connect to the auth server", copies: [] };
  }
}
