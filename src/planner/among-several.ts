import type { ClusterPlan } from "../rotation/plan.ts";
import { acknowledgeCommand, namingCluster } from "../rotation/remedy-command.ts";

/**
 * Where a plan has commands that are to be typed. All other fields tell what was seen, or quote what people wrote, which
 * stays as it is even where it names a command.
 */
const TYPED: ReadonlySet<string> = new Set(["remedy", "command", "commands"]);

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
  if (Array.isArray(value)) return value.map((one: unknown) => withNames(one, cluster)) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, one]) => [
      field,
      TYPED.has(field) ? typed(one, cluster) : withNames(one, cluster),
    ]),
  ) as Value;
}

function typed(value: unknown, cluster: string): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => typed(one, cluster));
  return typeof value === "string" ? namingCluster(value, cluster) : value;
}
