import type { OverridePlan } from "../../rotation/override-plan.ts";
import type { ClusterPlan, Plan, Step } from "../../rotation/plan.ts";

/** Identifies a step within one plan. */
export function placeKey({
  cluster,
  step,
}: {
  readonly cluster: { name: string };
  readonly step: Step;
}): string {
  return JSON.stringify([cluster.name, step.id]);
}

/** The calls about the override entries of one CA: they are approved as one. */
export interface OverridePlace {
  readonly cluster: ClusterPlan;
  readonly override: OverridePlan;
}

/** Overrides that the plan would change. */
export function overridePlaces(plan: Plan): readonly OverridePlace[] {
  return plan.clusters.flatMap((cluster) =>
    cluster.overrides.filter(({ actions }) => actions.length > 0).map((override) => ({ cluster, override })),
  );
}

/** Identifies the override of a CA within one plan. */
export function overrideKey({ cluster, override }: OverridePlace): string {
  return JSON.stringify([cluster.name, "override", override.authority]);
}

/** What is done about the entries of a CA, in a few words. */
export function overrideTitle({ authority, actions }: OverridePlan): string {
  const purposes = [...new Set(actions.map(({ purpose }) => purpose))];
  return `${authority} override: ${purposes.join(", ")}`;
}
