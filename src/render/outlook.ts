import type { PlannedAction } from "../overrides/plan.ts";
import { heldByDrift } from "../planner/drift.ts";
import { mayStart } from "../planner/startable.ts";
import type { ChecklistItem, ClusterPlan, Step } from "../rotation/plan.ts";
import { count } from "./layout.ts";

/** Steps and changes of override entries. */
export interface Work {
  readonly entries: readonly PlannedAction[];
  readonly steps: readonly Step[];
}

/** All that a plan would do. */
export function plannedWork(clusters: readonly ClusterPlan[]): Work {
  return {
    entries: clusters.flatMap(({ overrides }) => overrides.flatMap(({ actions }) => actions)),
    steps: clusters.flatMap(({ rotations }) => rotations.flatMap(({ steps }) => steps)),
  };
}

/** What `capstan apply` would do at once, although other things are blocked. */
export function startableWork(clusters: readonly ClusterPlan[]): Work {
  return {
    entries: clusters.flatMap(({ overrides }) =>
      overrides
        .filter(({ blocked }) => !blocked)
        .flatMap(({ actions }) => actions.filter(({ moment }) => moment === "now")),
    ),
    steps: clusters.flatMap(({ drift, rotations }) =>
      rotations.flatMap(({ steps }) =>
        steps.filter((step) => mayStart(step) && heldByDrift(drift, step) === undefined),
      ),
    ),
  };
}

/** Whether `capstan apply` would go on with a wait that a run before began; its step says what may come of it. */
export function isWaiting(clusters: readonly ClusterPlan[]): boolean {
  return plannedWork(clusters).steps.some(({ awaited }) => awaited === true);
}

/** `2 changes of override entries and 1 step`; empty when there is nothing. */
export function workText({ entries, steps }: Work): string {
  return [
    ...(entries.length === 0 ? [] : [`${count(entries.length, "change")} of override entries`]),
    ...(steps.length === 0 ? [] : [count(steps.length, "step")]),
  ].join(" and ");
}

/** How far the guards of a plan that nothing blocks were asked: those of later steps are when it is their turn. */
export function judgedText(steps: readonly Step[], where = ""): string {
  const judged = steps.filter(isJudged).length;
  const all = `${count(steps.length, "step")}${where}`;
  if (judged === steps.length) return `${all}; every guard passes`;
  const passing = `${judged} of ${all} ${judged === 1 ? "passes" : "pass"} every guard`;
  return `${passing}; later ones are judged in their turn`;
}

/** What people have to do before later steps, and have not: those steps will wait for it. */
export function openWork(steps: readonly Step[]): readonly ChecklistItem[] {
  return steps
    .filter((step) => !isJudged(step))
    .flatMap(({ checklist }) => checklist.filter(({ required, state }) => required && state === "open"));
}

/** The guards of a step that follows another can only be asked when that one is done. */
export function isJudged({ after }: Step): boolean {
  return after === null;
}
