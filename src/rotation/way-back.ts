import { isTalosType } from "./authority-type.ts";
import { type ClusterObservation, type Fingerprint, identify, type LiveAuthority } from "./observation.ts";
import type { Edge } from "./phase.ts";

/**
 * The keys that an edge takes away from the CA, read from the key sets and not from the edge's name: into standby
 * nothing but what signs stays (reference teleport-rotation 1.4).
 */
export function droppedBy({ to }: Edge, live: LiveAuthority): readonly Fingerprint[] {
  return to === "standby" ? identify(live.trusted) : [];
}

/** Which of its keys a rotation loses when rollback is left. */
export type EndOfRollback = "new-key-goes" | "old-key-goes" | "unclear";

/**
 * In rollback the key sets tell. Before it, what this platform is known to do: Teleport before v7 swaps the keys in a
 * rollback out of init too, so that there is no way back from there: the new key signs, and the old one goes at
 * standby (recordings/README: seen on 5.0, not on 11.1).
 */
export function endOfRollback(
  retire: readonly Fingerprint[],
  live: LiveAuthority,
  { versions }: Pick<ClusterObservation, "versions">,
): EndOfRollback {
  const { phase, state } = live.rotation;
  if (phase === "rollback") {
    const goes = droppedBy({ from: "rollback", to: "standby" }, live);
    if (retire.length === 0) return "unclear";
    if (retire.every((key) => goes.includes(key))) return "old-key-goes";
    const signs = identify(live.active);
    const staysWhole = retire.every((key) => signs.includes(key));
    return staysWhole && !goes.some((key) => retire.includes(key)) ? "new-key-goes" : "unclear";
  }
  const outOfInit = phase === "init" || (phase === "standby" && state === "in_progress");
  if (!outOfInit || isTalosType(live.type)) return "new-key-goes";
  const major = Number(/^v?(\d+)\./.exec(versions.server ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(major)) return "unclear";
  return major < 7 ? "old-key-goes" : "new-key-goes";
}

/**
 * Whether an edge into rollback has the new key sign at once: then whoever does not trust it yet is cut off by that very
 * step, as by a step forward, and it takes everybody to have been seen in the phase that is left.
 */
export function rollbackSwapsKeys(
  { from, to }: Edge,
  live: LiveAuthority,
  observation: Pick<ClusterObservation, "versions">,
): boolean {
  return to === "rollback" && from !== "rollback" && endOfRollback([], live, observation) !== "new-key-goes";
}
