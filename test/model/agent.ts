import type { Fingerprint, LiveComponent } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { EmulatedAuthority } from "./authority.ts";

export type AgentKind = "auth_server" | "proxy" | "node";

const ROW_LIVES_MS = 10 * 60_000;
const ANNOUNCES_EVERY_MS = 5 * 60_000;

/** A Teleport process as it is: by which keys it lives and whom it trusts, whatever its row says. */
export class Agent {
  readonly kind: AgentKind;
  readonly name: string;
  readonly id: string;
  isUp = true;
  /** Runs and announces itself, and never follows. */
  isStuck = false;
  /** Gone for good: whatever it lived by is no loss. */
  isScrapped = false;
  /** What it follows a change after. */
  lagMs: number;
  #phase: Phase;
  #currentId: string | null;
  #client: readonly Fingerprint[];
  #server: readonly Fingerprint[];
  #trusts: ReadonlySet<Fingerprint>;
  #announced: number;

  /** Joins now, with what the CA has now. */
  constructor(kind: AgentKind, name: string, id: string, ca: EmulatedAuthority, lagMs: number) {
    this.kind = kind;
    this.name = name;
    this.id = id;
    this.lagMs = lagMs;
    this.#phase = ca.phase;
    this.#currentId = ca.currentId;
    this.#client = ca.active;
    this.#server = ca.active;
    this.#trusts = new Set(ca.accepted);
    this.#announced = ca.now;
  }

  get subjects(): readonly string[] {
    return [`${this.kind}/${this.name}`, `${this.kind}/${this.id}`];
  }

  /** Lives by keys of which at least one remains on either side. */
  livesBy(keys: readonly Fingerprint[]): boolean {
    return [this.#client, this.#server].every((side) => side.some((key) => keys.includes(key)));
  }

  trusts(key: Fingerprint): boolean {
    return this.#trusts.has(key);
  }

  presents(): readonly Fingerprint[] {
    return this.#server;
  }

  isListed(now: number): boolean {
    return now < this.#announced + ROW_LIVES_MS;
  }

  /** Its machine is gone, and its row with it. */
  vanish(): void {
    this.isUp = false;
    this.#announced = Number.NEGATIVE_INFINITY;
  }

  row(): LiveComponent {
    const { kind, id, name } = this;
    return {
      kind,
      id,
      name,
      phase: this.#phase,
      currentId: this.#currentId,
      version: "18.7.0",
      expires: new Date(this.#announced + ROW_LIVES_MS).toISOString(),
    };
  }

  /** A moment of its life (reference teleport-rotation 1.10). `server`: what it dials. */
  live(ca: EmulatedAuthority, server: readonly Fingerprint[]): void {
    if (!this.isUp) return;
    const isIn = this.kind === "auth_server" || this.#getsThrough(ca, server);
    if (!isIn) return;
    if (ca.now >= this.#announced + ANNOUNCES_EVERY_MS) this.#announced = ca.now;
    if (this.#phase === ca.phase && this.#currentId === ca.currentId) {
      // Keys that come later in init, of other auth servers with HSMs: whoever watches the CA hears of them at once.
      this.#trusts = new Set(ca.accepted);
      return;
    }
    if (this.isStuck || ca.now < ca.changedAt + this.lagMs) return;
    if (!this.#mayFollow(ca)) return;
    this.#follow(ca);
  }

  #getsThrough(ca: EmulatedAuthority, server: readonly Fingerprint[]): boolean {
    const isTrusted = this.#client.some((key) => ca.accepted.includes(key));
    return isTrusted && server.some((key) => this.#trusts.has(key));
  }

  #mayFollow({ phase, currentId }: EmulatedAuthority): boolean {
    const isOfThis = this.#currentId === currentId;
    switch (phase) {
      case "init":
        return this.#phase === "standby";
      case "update_clients":
        return isOfThis || this.#phase === "init";
      case "update_servers":
        return isOfThis || this.#phase === "update_clients";
      case "rollback":
        return true;
      case "standby":
        return this.#phase !== "standby" && (isOfThis || this.#phase === "rollback");
    }
  }

  #follow(ca: EmulatedAuthority): void {
    this.#phase = ca.phase;
    this.#currentId = ca.currentId;
    this.#trusts = new Set(ca.accepted);
    this.#announced = ca.now;
    if (ca.phase === "init") return;
    this.#client = ca.active;
    if (ca.phase !== "update_clients") this.#server = ca.active;
  }
}
