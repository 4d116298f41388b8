import { isBlocked } from "../../planner/startable.ts";
import type { ClusterPlan } from "../../rotation/plan.ts";
import { clusterSteps, isOpenWork } from "../../rotation/plan-steps.ts";
import { shownWork } from "../facts/work-words.ts";

/** How much a reader must see of a cluster: what blocks first, then what cannot be undone, then what moves. */
export type Risk = 0 | 1 | 2 | 3;

/** The risk of a cluster, 3 where something blocks. */
export function riskOf(cluster: ClusterPlan): Risk {
  if (cluster.problem !== null) return 3;
  const steps = clusterSteps(cluster);
  const held = cluster.drift.some(({ blocks }) => blocks) || cluster.overrides.some(({ blocked }) => blocked);
  if (held || steps.some(isBlocked)) return 3;
  if (steps.some(({ point_of_no_return }) => point_of_no_return)) return 2;
  return isQuiet(cluster) ? 0 : 1;
}

/** Nothing would be done to it, and there is nothing to say about it. */
function isQuiet({ rotations, overrides, drift }: ClusterPlan): boolean {
  return (
    drift.length === 0 &&
    overrides.length === 0 &&
    rotations.every(
      (rotation) =>
        rotation.steps.length === 0 && rotation.notes.length === 0 && !shownWork(rotation).some(isOpenWork),
    )
  );
}
