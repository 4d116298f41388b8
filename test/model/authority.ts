import { createHash } from "node:crypto";
import type {
  AuthorityKey,
  Fingerprint,
  LiveAuthority,
  LiveRotation,
} from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { CLUSTER, key } from "../world/host-rotation.ts";
import type { WalkClock } from "./clock.ts";

/** The arrows of the reference (teleport-rotation 1.3), written down once more. */
const ARROWS: Readonly<Record<Phase, readonly Phase[]>> = {
  standby: ["init"],
  init: ["update_clients", "rollback"],
  update_clients: ["update_servers", "rollback"],
  update_servers: ["standby", "rollback"],
  rollback: ["standby"],
};

export function isArrow(from: Phase, to: Phase): boolean {
  return ARROWS[from].includes(to);
}

/** How one release of Teleport differs from another in what it does to keys. */
export interface Release {
  readonly version: string;
  /** It lets the new key sign in a rollback out of init (recordings: seen on 5.0, not on 11.1). */
  readonly swapsOutOfInit: boolean;
}

/** The keys that a CA makes, one after the other. */
export type KeyMaker = (type: string, number: number) => AuthorityKey;

/** Without a certificate that anybody could read. */
export const namedKey: KeyMaker = (type, number) => key(fingerprintOf(`${type} ${number}`));

/** How one auth server after the other adds a key of its own, where each has an HSM (reference 1.9). */
const ADDS_AFTER_MS = 25_000;

/** One CA with its keys (reference teleport-rotation 1.4, 1.5, 1.7). */
export class EmulatedAuthority {
  readonly type: string;
  active: readonly Fingerprint[];
  trusted: readonly Fingerprint[] = [];
  phase: Phase = "standby";
  currentId: string | null = null;
  mode: "manual" | "auto" | null = null;
  changedAt = Number.NEGATIVE_INFINITY;
  /** The keys that signed before the rotation began that is under way, or that was the last. */
  original: readonly Fingerprint[];
  /** A read may still show this. */
  before: LiveAuthority;
  #count = 0;
  #started: string | null = null;
  #lastRotated: string | null = null;
  #graceMs = 30 * 3_600_000;
  #schedule: { readonly at: number } | null = null;
  readonly #clock: WalkClock;
  readonly #release: Release;
  readonly #make: KeyMaker;
  readonly #keys = new Map<Fingerprint, AuthorityKey>();
  #added = new Set<number>();

  /** `signers`: auth servers with an HSM, each of which has a key of its own; 1 without. */
  constructor(type: string, clock: WalkClock, release: Release, signers = 1, make = namedKey) {
    this.type = type;
    this.#clock = clock;
    this.#release = release;
    this.#make = make;
    this.active = Array.from({ length: signers }, () => this.#newKey());
    this.original = this.active;
    this.before = this.shown();
  }

  get now(): number {
    return this.#clock.trueTime;
  }

  /** Keys whose certificates are accepted. */
  get accepted(): readonly Fingerprint[] {
    return [...this.active, ...this.trusted];
  }

  shown(): LiveAuthority {
    const rotation: LiveRotation = {
      state: this.phase === "standby" ? "standby" : "in_progress",
      phase: this.phase,
      mode: this.mode,
      currentId: this.currentId,
      started: this.#started,
      lastRotated: this.#lastRotated,
      gracePeriod: this.currentId === null ? null : `${this.#graceMs / 3_600_000}h0m0s`,
      schedule: this.#shownSchedule(),
    };
    return {
      type: this.type,
      cluster: CLUSTER,
      active: this.#shown(this.active),
      trusted: this.#shown(this.trusted),
      rotation,
    };
  }

  /** Whoever asks: what the server says when it refuses, else `null`. */
  move(to: Phase, mode: "manual" | "auto" = "manual", graceMs = this.#graceMs): string | null {
    const from = this.phase;
    if (!isArrow(from, to)) return `can not transition to phase "${to}" from "${from}" phase.`;
    this.before = this.shown();
    this.#turnKeys(from, to);
    this.phase = to;
    this.changedAt = this.now;
    if (to === "init") {
      this.#count += 1;
      this.currentId = `${this.type}-rotation-${this.#count}`;
      this.#started = new Date(this.now).toISOString();
      this.#graceMs = graceMs;
      this.#schedule = { at: this.now };
    }
    this.mode = to === "rollback" ? "manual" : mode;
    if (to === "standby") {
      this.mode = null;
      this.#started = null;
      this.#schedule = null;
      this.#lastRotated = new Date(this.now).toISOString();
    }
    return null;
  }

  /** What the other auth servers do while the phase is init. */
  addKeys(isUp: readonly boolean[]): void {
    if (this.phase !== "init") return;
    for (const [server, up] of isUp.entries()) {
      const isDue = this.now >= this.changedAt + server * ADDS_AFTER_MS;
      if (!up || !isDue || this.#added.has(server)) continue;
      this.#added.add(server);
      this.trusted = [...this.trusted, this.#newKey()];
    }
  }

  #newKey(): Fingerprint {
    const made = this.#make(this.type, this.#keys.size);
    this.#keys.set(made.fingerprint, made);
    return made.fingerprint;
  }

  #shown(fingerprints: readonly Fingerprint[]): readonly AuthorityKey[] {
    return fingerprints.map((fingerprint) => this.#keys.get(fingerprint) ?? key(fingerprint));
  }

  /** What the auth server does by itself: it looks at the clock alone. */
  tick(): void {
    if (this.mode !== "auto" || this.#schedule === null) return;
    const { update_clients, update_servers, standby } = this.#times(this.#schedule.at);
    if (this.phase === "init" && this.now >= update_clients) this.move("update_clients", "auto");
    else if (this.phase === "update_clients" && this.now >= update_servers)
      this.move("update_servers", "auto");
    else if (this.phase === "update_servers" && this.now >= standby) this.move("standby", "auto");
  }

  #times(start: number) {
    const third = this.#graceMs / 3;
    return { update_clients: start + third, update_servers: start + 2 * third, standby: start + 3 * third };
  }

  #shownSchedule(): LiveRotation["schedule"] {
    if (this.#schedule === null) return null;
    const { update_clients, update_servers, standby } = this.#times(this.#schedule.at);
    const iso = (time: number) => new Date(time).toISOString();
    return {
      update_clients: iso(update_clients),
      update_servers: iso(update_servers),
      standby: iso(standby),
    };
  }

  #turnKeys(from: Phase, to: Phase): void {
    const { active, trusted } = this;
    if (to === "init") {
      this.original = active;
      this.trusted = [this.#newKey()];
      this.#added = new Set([0]);
    } else if (to === "standby") {
      this.trusted = [];
    } else if (
      to === "update_clients" ||
      (to === "rollback" && (from !== "init" || this.#release.swapsOutOfInit))
    ) {
      this.active = trusted;
      this.trusted = active;
    }
  }
}

function fingerprintOf(text: string): Fingerprint {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
