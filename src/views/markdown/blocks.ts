import { failingGuards } from "../../planner/startable.ts";
import type { Drift, GuardVerdict, Plan, Step } from "../../rotation/plan.ts";
import { stepPlaces } from "../../rotation/plan-steps.ts";

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

/** Everything that blocks a plan: clusters that were not read, then guards, then drift. */
export function blocksOf(plan: Plan): readonly Block[] {
  const guards = stepPlaces(plan).flatMap(({ cluster, step }) =>
    failingGuards(step).map(({ id, outcome, findings }) => ({
      cluster: cluster.name,
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
