import type { PlannedAction } from "../rotation/override-plan.ts";
import {
  type ChecklistItem,
  type ClusterPlan,
  type Finding,
  needsOwnApproval,
  type Plan,
  type PlanVerdict,
  type Step,
} from "../rotation/plan.ts";
import { isOpenWork, stepPlaces } from "../rotation/plan-steps.ts";
import { heldByDrift } from "./drift.ts";
import { mayStart } from "./startable.ts";

/** Steps and changes of override entries. */
export interface WorkOfPlan {
  readonly entries: readonly PlannedAction[];
  readonly steps: readonly Step[];
}

/** All that a plan would do. */
export function plannedWork(clusters: readonly ClusterPlan[]): WorkOfPlan {
  return {
    entries: clusters.flatMap(({ overrides }) => overrides.flatMap(({ actions }) => actions)),
    steps: stepPlaces({ clusters }).map(({ step }) => step),
  };
}

/** What `capstan apply` would do at once, although other things are blocked. */
export function startableWork(clusters: readonly ClusterPlan[]): WorkOfPlan {
  return {
    entries: clusters.flatMap(({ overrides }) =>
      overrides
        .filter(({ blocked }) => !blocked)
        .flatMap(({ actions }) => actions.filter(({ moment }) => moment === "now")),
    ),
    steps: stepPlaces({ clusters })
      .filter(({ cluster, step }) => mayStart(step) && heldByDrift(cluster.drift, step) === undefined)
      .map(({ step }) => step),
  };
}

/** Whether `capstan apply` would go on with a wait that a run before began; its step says what may come of it. */
export function isWaiting(clusters: readonly ClusterPlan[]): boolean {
  return plannedWork(clusters).steps.some(({ awaited }) => awaited === true);
}

/** For whom a step waits that a run before began; empty for a step that does not wait. */
export function awaitedBy({ awaited, guards }: Pick<Step, "awaited" | "guards">): readonly Finding[] {
  return awaited === true ? guards.flatMap(({ findings }) => findings) : [];
}

/** The one word of a plan that all of its forms show. */
export function verdictOf({ outcome, clusters }: Pick<Plan, "outcome" | "clusters">): PlanVerdict {
  switch (outcome) {
    case "incomplete":
      return "incomplete";
    case "no_changes":
      return "nothing_to_do";
    case "ready":
      return readyVerdict(plannedWork(clusters).steps);
    case "blocked":
      return blockedVerdict(startableWork(clusters));
  }
}

/** The gravest that a reader has to know before it is approved. */
function readyVerdict(steps: readonly Step[]): PlanVerdict {
  if (steps.some(needsOwnApproval)) return "ready_final";
  const waived = steps.some(({ guards }) => guards.some((guard) => guard.waived.length > 0));
  return waived ? "ready_waived" : "ready";
}

function blockedVerdict({ entries, steps }: WorkOfPlan): PlanVerdict {
  return entries.length + steps.length > 0 ? "blocked_in_part" : "blocked";
}

/** Edits that are due in git although there is nothing to do on the cluster, by the command that makes each. */
export function editsDue(clusters: readonly ClusterPlan[]): readonly string[] {
  const commands = clusters.flatMap(({ drift, overrides }) => [
    ...drift.flatMap(({ blocks, command }) => (blocks || command === undefined ? [] : [command])),
    ...overrides.flatMap(({ due }) => due.map(({ command }) => command)),
  ]);
  return [...new Set(commands)];
}

/** WorkOfPlan by hand that a rotation which is over has left. */
export function workLeft(clusters: readonly ClusterPlan[]): readonly ChecklistItem[] {
  return clusters.flatMap(({ rotations }) =>
    rotations
      .filter(({ standing, steps }) => standing === "finished" && steps.length === 0)
      .flatMap(({ checklist }) => checklist.filter(isOpenWork)),
  );
}
