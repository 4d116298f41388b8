import type { Cancel } from "../clock.ts";
import { type AuthorityStore, type StoredAuthority, trustedPins } from "./authority-store.ts";
import type { ClusterTrust, TeleportCluster } from "./cluster.ts";
import type { TctlDialect } from "./rotation-machine.ts";

/** Cluster time between two signs of life of the tunnel (recordings: a minute). */
const HEARTBEAT_MS = 60_000;

/**
 * Cluster time between two looks of the root's proxies at both sides. The old release looks every ten minutes,
 * which is how a rotation with 24 s a phase lost its leaf (recordings/README). Newer ones are told of changes,
 * but retry with backoff (reference teleport-rotation 5).
 */
const SYNC_MS: Readonly<Record<TctlDialect, number>> = { v5: 600_000, v11: 45_000, v18: 45_000 };

/** What the root pushes to the leaf, as far as its release has it; the leaf's host CA is pulled. */
const PUSHED = ["host", "user", "db", "openssh"];

/**
 * The trust between a root and a leaf cluster: a reverse tunnel from the leaf's proxies to the root's, and
 * copies of each other's CAs, which come through that tunnel and which the tunnel itself rests on.
 */
export class TrustLink implements ClusterTrust {
  readonly root: TeleportCluster;
  readonly leaf: TeleportCluster;
  /** Milliseconds since 1970, like every time here. */
  readonly established: number;
  #lastHeartbeat: number;
  readonly #timers: Record<"heartbeat" | "sync", Cancel>;

  /** Trust that was established just now: both sides have copies of what the other has. */
  constructor(root: TeleportCluster, leaf: TeleportCluster) {
    this.root = root;
    this.leaf = leaf;
    root.link = this;
    leaf.link = this;
    this.established = root.options.clock.now();
    this.#lastHeartbeat = this.established;
    this.#sync();
    this.#timers = {
      heartbeat: this.#every("heartbeat", HEARTBEAT_MS, () => {
        this.#lastHeartbeat = this.root.options.clock.now();
      }),
      sync: this.#every("sync", SYNC_MS[root.options.dialect], () => this.#sync()),
    };
  }

  get lastHeartbeat(): number {
    return this.#lastHeartbeat;
  }

  /** The tunnel stands while each side accepts the certificate that the other one shows. */
  get isUp(): boolean {
    const rootsCopy = this.root.copiesOf(this.leaf.options.name).current("host");
    const leafsCopy = this.leaf.copiesOf(this.root.options.name).current("host");
    if (rootsCopy === undefined || leafsCopy === undefined) return false;
    const [leafTrusts, rootTrusts] = [trustedPins(leafsCopy), trustedPins(rootsCopy)];
    return (
      proxies(this.root).some(({ issuers }) => leafTrusts.has(issuers.server)) &&
      proxies(this.leaf).some(({ issuers }) => rootTrusts.has(issuers.client))
    );
  }

  stop(): void {
    for (const cancel of Object.values(this.#timers)) cancel();
  }

  #every(name: "heartbeat" | "sync", periodMs: number, run: () => void): Cancel {
    const { clock, speed } = this.root.options;
    return clock.after(periodMs / speed, () => {
      if (this.isUp) run();
      this.#timers[name] = this.#every(name, periodMs, run);
    });
  }

  #sync(): void {
    const { root, leaf } = this;
    for (const type of PUSHED) copy(root.authorities.current(type), leaf.copiesOf(root.options.name), type);
    copy(leaf.authorities.current("host"), root.copiesOf(leaf.options.name), "host");
  }
}

/** Replaces keys and rotation of a copy, where the original has moved on. */
function copy(original: StoredAuthority | undefined, copies: AuthorityStore, type: string): void {
  if (original === undefined) return;
  const { active, trusted, rotation } = original;
  const known = copies.current(type);
  if (known?.active === active && known.trusted === trusted && known.rotation === rotation) return;
  copies.write({ type, active, trusted, rotation });
}

function proxies({ agents }: TeleportCluster): TeleportCluster["agents"] {
  return agents.filter((agent) => agent.alive && agent.spec.roles.includes("proxy"));
}
