import { isBlocked } from "../../planner/startable.ts";
import type { ChecklistItem, ClusterPlan, Drift, GuardVerdict, Plan, Step } from "../../rotation/plan.ts";
import { code, prose } from "./inline.ts";
import { workOf } from "./work.ts";

/** A guard that holds a step back, or drift that holds a cluster back. */
export interface Block {
  readonly cluster: string;
  /** Guard or drift. */
  readonly id: string;
  readonly verb: "blocks" | "is unknown, and blocks" | "waits, in";
  /** What it holds back; `null`: everything of the cluster. */
  readonly step: Step | null;
  readonly findings: GuardVerdict["findings"];
}

/** A step with where it belongs. */
export interface PlacedStep {
  readonly cluster: string;
  readonly rotation: string;
  readonly step: Step;
}

/** How much a reader must see of a cluster: what blocks first, then what cannot be undone, then what moves. */
export type Risk = 0 | 1 | 2 | 3;

export function stepsOf({ clusters }: Plan): readonly PlacedStep[] {
  return clusters.flatMap(({ name, rotations }) =>
    rotations.flatMap((rotation) =>
      rotation.steps.map((step) => ({ cluster: name, rotation: rotation.name, step })),
    ),
  );
}

export function blocksOf(plan: Plan): readonly Block[] {
  const guards = stepsOf(plan).flatMap(({ cluster, step }) =>
    step.guards
      .filter(({ outcome }) => outcome !== "pass")
      .map(({ id, outcome, findings }) => ({
        cluster,
        id,
        verb: verbOf(step, outcome),
        step,
        findings,
      })),
  );
  const drift = plan.clusters.flatMap(({ name, drift }) =>
    drift.filter(({ blocks }) => blocks).map((item) => blockOf(name, item)),
  );
  const problems = plan.clusters.flatMap(({ name, problem }) =>
    problem === null
      ? []
      : [
          {
            cluster: name,
            id: problem.code,
            verb: "blocks" as const,
            step: null,
            findings: [{ subject: `cluster/${name}`, message: problem.message, remedy: problem.remedy }],
          },
        ],
  );
  return [...problems, ...guards, ...drift];
}

function verbOf({ awaited }: Step, outcome: GuardVerdict["outcome"]): Block["verb"] {
  if (outcome === "unknown") return "is unknown, and blocks";
  return awaited === true ? "waits, in" : "blocks";
}

function blockOf(cluster: string, { id, subject, message, remedy }: Drift): Block {
  return { cluster, id, verb: "blocks", step: null, findings: [{ subject, message, remedy }] };
}

export function riskOf(cluster: ClusterPlan): Risk {
  if (cluster.problem !== null) return 3;
  const steps = cluster.rotations.flatMap((rotation) => rotation.steps);
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
        rotation.steps.length === 0 && rotation.notes.length === 0 && !workOf(rotation).some(isDue),
    )
  );
}

function isDue({ required, state }: ChecklistItem): boolean {
  return required && state === "open";
}

/** Markdown. */
export function titleOf({ action, authority, from, to }: Step): string {
  return action === "verify"
    ? `${prose(authority)}: wait for ${code(to)}`
    : `${prose(authority)}: ${code(from)} → ${code(to)}`;
}
