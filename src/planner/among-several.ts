import type { ClusterPlan } from "../rotation/plan.ts";
import { acknowledgeCommand, namingCluster } from "../rotation/remedy-command.ts";

/** What git and the cluster call things, and what people wrote: it stays as it is, even where it names a command. */
const QUOTED: ReadonlySet<string> = new Set(["id", "name", "subject", "reason"]);

/** The plan of a cluster of several: every command in it names the cluster, so that it can be typed as it stands. */
export function amongSeveral<Planned extends Omit<ClusterPlan, "fingerprint">>(plan: Planned): Planned {
  const named = withNames(plan, plan.name);
  return {
    ...named,
    rotations: named.rotations.map((rotation) => ({
      ...rotation,
      checklist: rotation.checklist.map((item) => stated(item, plan.name)),
      steps: rotation.steps.map((step) => ({
        ...step,
        checklist: step.checklist.map((item) => stated(item, plan.name)),
      })),
    })),
  };
}

/** The id of an item is quoted, and the command that states it is made of that. */
function stated<Item extends { readonly id: string }>(item: Item, cluster: string): Item {
  return { ...item, statement: namingCluster(acknowledgeCommand(item.id), cluster) };
}

function withNames<Value>(value: Value, cluster: string): Value {
  if (typeof value === "string") {
    return (value.includes("capstan ") ? namingCluster(value, cluster) : value) as Value;
  }
  if (Array.isArray(value)) return value.map((one: unknown) => withNames(one, cluster)) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, QUOTED.has(name) ? one : withNames(one, cluster)]),
  ) as Value;
}
