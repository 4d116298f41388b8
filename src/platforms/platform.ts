import type { ClusterObservation, ComponentKind } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";

/**
 * A kind of cluster: what the phase graph, the guards and the executor know of Teleport or Talos. Everything that
 * runs an executable is behind it.
 */
export interface Platform {
  /** Reads the cluster. Throws a `Failure` when the authorities cannot be read; the rest may be `unread`. */
  observe(scope: ObserveScope): Promise<ClusterObservation>;
  /**
   * Asks for one transition. Whatever comes back, the state must be read again: it decides, not the text
   * (reference teleport-rotation 1.8). Throws a `Failure` only when the request certainly did not go out.
   */
  transition(request: TransitionRequest): Promise<TransitionReply>;
}

export interface ObserveScope {
  /** A wait polls only the kinds that still lag; authorities are always read. */
  readonly components: readonly ComponentKind[];
}

export interface TransitionRequest {
  /** CA type, API spelling. */
  readonly authority: string;
  readonly to: Phase;
}

export interface TransitionReply {
  readonly accepted: boolean;
  /** The platform's own words. */
  readonly message: string;
}
