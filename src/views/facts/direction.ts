import type { ClusterPlan, Step } from "../../rotation/plan.ts";

/** A step of the way back. */
export function goesBack({ from, to }: Pick<Step, "from" | "to">): boolean {
  return from === "rollback" || to === "rollback";
}

/** The rotations that a plan would turn back, or whose way back it ends. */
export function rollbacks(clusters: readonly ClusterPlan[]) {
  return clusters.flatMap((cluster) =>
    cluster.rotations.filter(({ steps }) => steps.some(goesBack)).map((rotation) => ({ cluster, rotation })),
  );
}
