import type { ChecklistItem, ClusterPlan, Plan, RotationPlan, Step } from "./plan.ts";

/** A step with where it stands: ids alone repeat where two clusters remember a rotation of the same name. */
export interface StepPlace {
  readonly cluster: ClusterPlan;
  readonly rotation: RotationPlan;
  readonly step: Step;
}

/** All steps of a plan, in its order. */
export function stepPlaces({ clusters }: Pick<Plan, "clusters">): readonly StepPlace[] {
  return clusters.flatMap((cluster) =>
    cluster.rotations.flatMap((rotation) => rotation.steps.map((step) => ({ cluster, rotation, step }))),
  );
}

/** The steps of one cluster, of all its rotations. */
export function clusterSteps({ rotations }: Pick<ClusterPlan, "rotations">): readonly Step[] {
  return rotations.flatMap(({ steps }) => steps);
}

/** `init → update_clients`, or what it waits for; `code` is how the medium writes a phase. */
export function stepMove(
  { action, from, to }: Pick<Step, "action" | "from" | "to">,
  code: (phase: string) => string = (phase) => phase,
): string {
  return action === "verify" ? `wait for ${code(to)}` : `${code(from)} → ${code(to)}`;
}

/** What a step does, in a few words: `host: init → update_clients`. */
export function stepTitle(step: Pick<Step, "action" | "authority" | "from" | "to">): string {
  return `${step.authority}: ${stepMove(step)}`;
}

/** Work by hand that matters, and that nobody has done. */
export function isOpenWork({ required, state }: Pick<ChecklistItem, "required" | "state">): boolean {
  return required && state === "open";
}
