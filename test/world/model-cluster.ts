import type { RunClock } from "../../src/apply/run-clock.ts";
import { Failure } from "../../src/failure.ts";
import type {
  ObserveScope,
  Platform,
  TransitionReply,
  TransitionRequest,
} from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type {
  Fingerprint,
  LiveAuthority,
  LiveComponent,
  LiveRotation,
} from "../../src/rotation/observation.ts";
import { NEVER_ROTATED } from "../../src/rotation/observation.ts";
import { isLegalEdge, type Phase } from "../../src/rotation/phase.ts";
import { CLUSTER, COMPONENT_NAMES, component, key, NOW, OLD, observation } from "./host-rotation.ts";

/** Hours in microseconds: sleeping only moves the hands. */
export class ModelClock implements RunClock {
  #now = NOW;
  #monotonic = 0;
  /** What happens while somebody sleeps: a step of the wall clock, a machine that stands still. */
  whileAsleep: () => void = () => {};

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.pass(ms);
    this.whileAsleep();
  }

  /** Time goes by for everybody. */
  pass(ms: number): void {
    this.#now += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the wall clock. */
  set(by: number): void {
    this.#now += by;
  }
}

export type Ailment = "stuck" | "gone";

/** Thrown in place of SIGKILL: nothing after it runs. */
export class Killed extends Error {}

/**
 * A cluster as a model: key sets per phase (reference teleport-rotation 1.4), stale reads after a write,
 * components that follow after a while, and what can go wrong. Counts what it was asked to do.
 */
export class ModelCluster implements Platform {
  readonly transitions: string[] = [];
  readonly ailments = new Map<string, Ailment>();
  staleReadMs = 2_000;
  lagMs = 8_000;
  /** Keys are held in HSMs, where every auth server adds its own (reference 1.9). */
  inHsms = false;
  /** Applies the next transition and says that it failed (reference 1.8). */
  failAfterSuccess = false;
  /** Refuses the next transition. */
  refuse: string | null = null;
  /** Calls left until the process is killed; transitions and reads count. */
  callsUntilKilled = Number.POSITIVE_INFINITY;
  #active: readonly Fingerprint[] = [OLD];
  #trusted: readonly Fingerprint[] = [];
  #rotation: LiveRotation = NEVER_ROTATED;
  #changedAt = Number.NEGATIVE_INFINITY;
  #before: LiveAuthority;
  #rotations = 0;
  readonly #clock: ModelClock;
  /** What each component last reported, by name. */
  readonly #reported = new Map<string, { phase: Phase; currentId: string | null }>();

  constructor(clock: ModelClock) {
    this.#clock = clock;
    this.#before = this.authority();
  }

  async observe(scope: ObserveScope): Promise<ClusterObservation> {
    this.#call();
    const stale = this.#clock.now() < this.#changedAt + this.staleReadMs;
    return observation("standby", {
      observedAt: new Date(this.#clock.now()).toISOString(),
      authorities: [stale ? this.#before : this.authority()],
      components: this.#seen(scope),
    });
  }

  async transition({ authority, to }: TransitionRequest): Promise<TransitionReply> {
    this.#call();
    this.transitions.push(`${authority} ${this.#rotation.phase}-${to}`);
    if (this.refuse !== null) {
      const message = this.refuse;
      this.refuse = null;
      return { accepted: false, message, failure: new Failure("denied", message) };
    }
    const error = this.move(to);
    if (error !== null) return { accepted: false, message: error, failure: new Failure("refused", error) };
    if (!this.failAfterSuccess) return { accepted: true, message: "" };
    this.failAfterSuccess = false;
    const message = `can not transition to phase "${to}" from "${to}" phase.`;
    return { accepted: false, message, failure: new Failure("refused", message) };
  }

  /** A transition by whoever: an error text when the edge is not legal. */
  move(to: Phase): string | null {
    const from = this.#rotation.phase;
    if (!isLegalEdge({ from, to })) return `can not transition to phase "${to}" from "${from}" phase.`;
    this.#before = this.authority();
    this.#remember();
    this.#turnKeys(from, to);
    this.#turnRotation(to);
    this.#changedAt = this.#clock.now();
    return null;
  }

  authority(): LiveAuthority {
    const held = (fingerprint: Fingerprint) =>
      key(fingerprint, this.inHsms ? { storage: "PKCS#11 HSM" } : {});
    return {
      type: "host",
      cluster: CLUSTER,
      active: this.#active.map(held),
      trusted: this.#trusted.map(held),
      rotation: this.#rotation,
    };
  }

  /** The tick of another auth server, or a stranger. */
  addTrusted(fingerprint: Fingerprint): void {
    this.#trusted = [...this.#trusted, fingerprint];
  }

  /** Everybody catches up, as after a night. */
  catchUp(): void {
    this.#changedAt = Number.NEGATIVE_INFINITY;
  }

  /** Kinds that are not looked at stay as they were seen before. */
  #seen(scope: ObserveScope): readonly LiveComponent[] {
    if (scope.components === "all") return this.#components();
    const { components, base } = scope;
    return [
      ...base.components.filter(({ kind }) => !components.includes(kind)),
      ...this.#components().filter(({ kind }) => components.includes(kind)),
    ];
  }

  #call(): void {
    this.callsUntilKilled -= 1;
    if (this.callsUntilKilled < 0) throw new Killed();
  }

  #turnKeys(from: Phase, to: Phase): void {
    const [active, trusted] = [this.#active, this.#trusted];
    if (to === "init") {
      this.#rotations += 1;
      this.#trusted = [`sha256:${this.#rotations.toString(16).padStart(64, "f")}`];
    } else if (to === "standby") {
      this.#trusted = [];
    } else if (to === "update_clients" || (to === "rollback" && from !== "init")) {
      this.#active = trusted;
      this.#trusted = active;
    }
  }

  #turnRotation(to: Phase): void {
    const now = new Date(this.#clock.now()).toISOString();
    if (to === "standby") {
      this.#rotation = {
        ...this.#rotation,
        state: "standby",
        phase: to,
        mode: null,
        started: null,
        lastRotated: now,
      };
      return;
    }
    const currentId = to === "init" ? `rotation-${this.#rotations}` : this.#rotation.currentId;
    const started = to === "init" ? now : this.#rotation.started;
    this.#rotation = {
      ...this.#rotation,
      state: "in_progress",
      phase: to,
      mode: "manual",
      currentId,
      started,
    };
  }

  #components(): readonly LiveComponent[] {
    const followed = this.#clock.now() >= this.#changedAt + this.lagMs;
    const expires = new Date(this.#clock.now() + 9 * 60_000).toISOString();
    return COMPONENT_NAMES.flatMap(([kind, name]) => {
      const ailment = this.ailments.get(name);
      if (ailment === "gone") return [];
      const { phase, currentId } = this.#rotation;
      if (followed && ailment !== "stuck") this.#reported.set(name, { phase, currentId });
      return [component(kind, name, { ...this.#reportOf(name), expires })];
    });
  }

  /** What everybody reports stays as it was until they follow. */
  #remember(): void {
    for (const [, name] of COMPONENT_NAMES) this.#reported.set(name, this.#reportOf(name));
  }

  #reportOf(name: string): { phase: Phase; currentId: string | null } {
    return this.#reported.get(name) ?? { phase: this.#rotation.phase, currentId: this.#rotation.currentId };
  }
}
