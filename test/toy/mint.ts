import { Failure } from "../../src/failure.ts";
import type { Platform, TransitionReply, TransitionRequest } from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import {
  type Fingerprint,
  type LiveComponent,
  type LiveRotation,
  NEVER_ROTATED,
} from "../../src/rotation/observation.ts";
import { isLegalEdge, type Phase } from "../../src/rotation/phase.ts";
import { key } from "../world/host-rotation.ts";
import type { ModelClock } from "../world/model-cluster.ts";
import { MINT, type MintFacts } from "./mint-profile.ts";

export const NAME = "old.mint";
export const FIRST: Fingerprint = `sha256:${"a".repeat(64)}`;

/** The adapter and the mint itself. Purses follow at once, but for those that are lost. */
export class Mint implements Platform {
  readonly taken: string[] = [];
  readonly consistent = true;
  facts: MintFacts = { dieIsCracked: false };
  /** Purses that stay where they are. */
  readonly lost = new Map<string, Pick<LiveComponent, "phase" | "currentId">>();
  #active: Fingerprint = FIRST;
  #beside: Fingerprint | null = null;
  #rotation: LiveRotation = NEVER_ROTATED;
  #count = 0;
  readonly #clock: ModelClock;

  constructor(clock: ModelClock) {
    this.#clock = clock;
  }

  get signs(): Fingerprint {
    return this.#active;
  }

  lose(name: string): void {
    this.lost.set(name, { phase: this.#rotation.phase, currentId: this.#rotation.currentId });
  }

  async observe(): Promise<ClusterObservation> {
    const rotation = this.#rotation;
    return {
      cluster: NAME,
      profile: MINT,
      observedAt: new Date(this.#clock.now()).toISOString(),
      versions: { client: "1", server: "1" },
      authorities: [
        {
          type: "coin",
          cluster: NAME,
          active: [key(this.#active)],
          trusted: this.#beside === null ? [] : [key(this.#beside)],
          rotation,
        },
      ],
      copies: [],
      components: ["left", "right"].map((name) => ({
        kind: "purse",
        id: name,
        name,
        phase: rotation.phase,
        currentId: rotation.currentId,
        version: null,
        expires: null,
        ...this.lost.get(name),
      })),
      remoteClusters: [],
      credentials: { source: "ambient", path: null, problem: null, notAfter: null, trusts: [] },
      unread: [],
      facts: this.facts,
    };
  }

  async transition({ to, confirm }: TransitionRequest): Promise<TransitionReply> {
    await confirm?.();
    const from = this.#rotation.phase;
    if (!isLegalEdge({ from, to })) {
      const message = `no way from ${from} to ${to}`;
      return { accepted: false, message, failure: new Failure("refused", message) };
    }
    this.taken.push(`${from}-${to}`);
    this.#turn(from, to);
    return { accepted: true, message: "" };
  }

  #turn(from: Phase, to: Phase): void {
    if (to === "init") {
      this.#count += 1;
      this.#beside = `sha256:${this.#count.toString(16).padStart(64, "b")}`;
    } else if (to === "standby") {
      this.#beside = null;
    } else if (to === "update_clients" || (to === "rollback" && from !== "init")) {
      [this.#active, this.#beside] = [this.#beside ?? this.#active, this.#active];
    }
    const currentId = to === "init" ? `run-${this.#count}` : this.#rotation.currentId;
    const state = to === "standby" ? "standby" : "in_progress";
    const mode = to === "standby" ? null : "manual";
    this.#rotation = { ...this.#rotation, state, mode, phase: to, currentId };
  }
}
