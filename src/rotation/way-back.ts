import type { EndOfRollback } from "../profile/key-rules.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { type Fingerprint, identify, type LiveAuthority } from "./observation.ts";
import type { Edge } from "./phase.ts";

/**
 * The keys that an edge takes away from the CA, read from the key sets and not from the edge's name: into standby
 * nothing but what signs stays (reference teleport-rotation 1.4).
 */
export function droppedBy({ to }: Edge, live: LiveAuthority): readonly Fingerprint[] {
  return to === "standby" ? identify(live.trusted) : [];
}

/** How a rollback ends. In rollback the key sets tell; before it, what the platform is known to do. */
export function endOfRollback(
  retire: readonly Fingerprint[],
  live: LiveAuthority,
  { versions, profile }: Pick<ClusterObservation, "versions" | "profile">,
): EndOfRollback {
  if (live.rotation.phase === "rollback") {
    const goes = droppedBy({ from: "rollback", to: "standby" }, live);
    if (retire.length === 0) return "unclear";
    if (retire.every((key) => goes.includes(key))) return "old-key-goes";
    const signs = identify(live.active);
    const staysWhole = retire.every((key) => signs.includes(key));
    return staysWhole && !goes.some((key) => retire.includes(key)) ? "new-key-goes" : "unclear";
  }
  return profile.keyRules.endOfRollback(live, versions);
}

/**
 * Whether an edge into rollback has the new key sign at once: then whoever does not trust it yet is cut off by that very
 * step, as by a step forward, and it takes everybody to have been seen in the phase that is left.
 */
export function rollbackSwapsKeys(
  { from, to }: Edge,
  live: LiveAuthority,
  observation: Pick<ClusterObservation, "versions" | "profile">,
): boolean {
  return to === "rollback" && from !== "rollback" && endOfRollback([], live, observation) !== "new-key-goes";
}
