import type { ClusterPlan } from "../rotation/plan.ts";
import { acknowledgeCommand, namingCluster } from "../rotation/remedy-command.ts";

/** The plan of a cluster of several: every command in it names the cluster, so that it can be typed as it stands. */
export function amongSeveral<Planned extends Omit<ClusterPlan, "fingerprint">>(plan: Planned): Planned {
  const named = withNames(plan, plan.name);
  return {
    ...named,
    rotations: named.rotations.map((rotation) => ({
      ...rotation,
      checklist: rotation.checklist.map((item) => ({
        ...item,
        statement: namingCluster(acknowledgeCommand(item.id), plan.name),
      })),
      steps: rotation.steps.map((step) => ({
        ...step,
        checklist: step.checklist.map((item) => ({
          ...item,
          statement: namingCluster(acknowledgeCommand(item.id), plan.name),
        })),
      })),
    })),
  };
}

function withNames<Value>(value: Value, cluster: string): Value {
  if (typeof value === "string") {
    return (value.includes("capstan ") ? namingCluster(value, cluster) : value) as Value;
  }
  if (Array.isArray(value)) return value.map((one: unknown) => withNames(one, cluster)) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, withNames(one, cluster)]),
  ) as Value;
}
