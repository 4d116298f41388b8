import { Failure } from "../../failure.ts";
import { type ClusterPlan, needsOwnApproval, type Plan } from "../../rotation/plan.ts";
import { writtenDate } from "../../written-date.ts";
import { type ClusterBinding, clusterFingerprint, planFingerprint } from "./fingerprint.ts";
import { clusterDifference, consequences, workDifference } from "./plan-difference.ts";
import type { BoundPlan, PlanFile } from "./plan-file.ts";

/**
 * What was approved before the run: a plan file, or fingerprints (`--expect`). Apply compares each cluster with its
 * own: a stale one is left alone, and the others go on.
 */
export type Approved =
  | { readonly by: "file"; readonly name: string; readonly file: PlanFile }
  /** The fingerprint of the whole plan: it fits all clusters together, or none. */
  | { readonly by: "plan"; readonly fingerprint: string }
  /** Of some clusters, by name. */
  | { readonly by: "clusters"; readonly fingerprints: ReadonlyMap<string, string> };

/**
 * Why the clusters of a plan are not those that were approved, by name; a cluster that is not among them may be
 * applied. A cluster that was not read is left to whoever made the plan.
 */
export function staleClusters(
  approved: readonly Approved[],
  { plan, binding }: BoundPlan,
): ReadonlyMap<string, Failure> {
  const found = plan.clusters
    .filter(({ problem }) => problem === null)
    .flatMap((cluster) => {
      const bound = binding.clusters.find(({ name }) => name === cluster.name);
      const [first] = approved.flatMap((one) => staleness(one, cluster, bound, plan) ?? []);
      return first === undefined ? [] : [[cluster.name, first] as const];
    });
  return new Map(found);
}

/**
 * The same approval, cluster by cluster, once it was compared with a whole plan: what is looked at later is one
 * cluster at a time, which the fingerprint of a whole plan says nothing about.
 */
export function byCluster(approved: readonly Approved[], { plan }: BoundPlan): readonly Approved[] {
  return approved.map((one) => {
    if (one.by !== "plan" || plan.fingerprint !== one.fingerprint) return one;
    const known = plan.clusters.flatMap(({ name, fingerprint }) =>
      fingerprint === null ? [] : [[name, fingerprint] as const],
    );
    return { by: "clusters", fingerprints: new Map(known) };
  });
}

/** The clusters that were approved by name; `null`: whichever there are. */
export function approvedClusters(approved: readonly Approved[]): ReadonlySet<string> | null {
  const named = approved.map(namesIn).filter((names) => names !== null);
  const [first, ...others] = named;
  if (first === undefined) return null;
  return new Set(first.filter((name) => others.every((other) => other.includes(name))));
}

function namesIn(approved: Approved): readonly string[] | null {
  switch (approved.by) {
    case "file":
      return approved.file.plan.clusters.map(({ name }) => name);
    case "plan":
      return null;
    case "clusters":
      return [...approved.fingerprints.keys()];
  }
}

/** The plan as it is now is the one that was approved, as a whole; else it says what is not. */
export function requireApproved(approved: readonly Approved[], now: BoundPlan): void {
  const [first] = staleClusters(approved, now).values();
  if (first !== undefined) throw first;
  const plan = approved.find((one) => one.by === "plan" && one.fingerprint !== now.plan.fingerprint);
  if (plan?.by === "plan") throw otherPlan(plan.fingerprint, now.plan.fingerprint);
}

function staleness(
  approved: Approved,
  cluster: ClusterPlan,
  bound: ClusterBinding | undefined,
  plan: Plan,
): Failure | null {
  const fingerprint = bound === undefined ? null : clusterFingerprint(bound);
  switch (approved.by) {
    case "file":
      return staleFile(approved, cluster, bound, plan);
    case "plan": {
      const whole = planFingerprint(plan.clusters);
      return whole === approved.fingerprint ? null : otherPlan(approved.fingerprint, whole);
    }
    case "clusters": {
      const expected = approved.fingerprints.get(cluster.name);
      if (expected === undefined) {
        return new Failure("stale", `${cluster.name} is not among the clusters that were approved`, {
          hint: `nothing was applied there; approve it: --expect ${cluster.name}=${fingerprint}`,
        });
      }
      if (expected === fingerprint) return null;
      return new Failure(
        "stale",
        `${cluster.name} is not as it was approved: its fingerprint is ${fingerprint}, and ${expected} is expected`,
        { hint: OTHERWISE },
      );
    }
  }
}

const OTHERWISE =
  "git or a cluster moved since the approval; look at `capstan plan`, and have it approved again";

function otherPlan(expected: string, fingerprint: string): Failure {
  return new Failure(
    "stale",
    `the plan is not the one that was approved: its fingerprint is ${fingerprint}, and ${expected} is expected`,
    { hint: OTHERWISE },
  );
}

/** Git and the live cluster are as they were when the plan was made; else it says what moved. */
function staleFile(
  { name, file }: Extract<Approved, { by: "file" }>,
  cluster: ClusterPlan,
  bound: ClusterBinding | undefined,
  plan: Plan,
): Failure | null {
  const planned = file.plan.clusters.find((other) => other.name === cluster.name);
  if (planned === undefined || planned.fingerprint === null) {
    const why =
      planned?.problem === undefined || planned.problem === null ? "" : `: ${planned.problem.message}`;
    return new Failure("stale", `${name} holds no plan of ${cluster.name}${why}`, {
      hint: "nothing was applied there; plan again, and have it approved",
    });
  }
  const same = bound !== undefined && clusterFingerprint(bound) === planned.fingerprint;
  // The record is not part of the fingerprint, and a step that nobody approved is never taken.
  const known = stepIds(planned);
  const graver = graverSteps(planned, cluster);
  if (same && graver.length === 0 && [...stepIds(cluster)].every((id) => known.has(id))) return null;
  const was = file.bound_to.clusters.find((other) => other.name === cluster.name);
  const moved = [...(same ? [] : movedSince(was, bound)), ...graver];
  const alone = (one: ClusterPlan, plan: Plan): Plan => ({ ...plan, clusters: [one] });
  const follows = consequences(alone(planned, file.plan), alone(cluster, plan));
  return new Failure(
    "stale",
    `${name} is stale: since ${writtenDate(file.made_at)} this moved\n${listed([...moved, ...follows])}`,
    { hint: "nothing was applied there; plan again, and have it approved again" },
  );
}

/** Steps that had no approval of their own then and need one now, or that may cut off somebody who was not named. */
function graverSteps(planned: ClusterPlan, now: ClusterPlan): readonly string[] {
  const before = new Map(
    planned.rotations.flatMap(({ steps }) => steps.map((step) => [step.id, step] as const)),
  );
  return now.rotations.flatMap(({ steps }) =>
    steps.filter(needsOwnApproval).flatMap((step) => {
      const was = before.get(step.id);
      if (was === undefined) return [];
      if (!needsOwnApproval(was)) return [`${step.id} is a point of no return now`];
      const named = was.unaccounted ?? [];
      const added = (step.unaccounted ?? []).filter((subject) => !named.includes(subject));
      return added.length === 0 ? [] : [`${step.id} may cut off ${added.join(", ")} now, too`];
    }),
  );
}

function movedSince(was: ClusterBinding | undefined, is: ClusterBinding | undefined): readonly string[] {
  if (was === undefined || is === undefined) return ["what it is bound to"];
  const facts = clusterDifference(was, is);
  if (facts.length > 0) return facts;
  const work = workDifference(was, is);
  return work.length > 0 ? work : ["what it is bound to"];
}

function stepIds({ rotations, overrides }: ClusterPlan): ReadonlySet<string> {
  return new Set([
    ...rotations.flatMap(({ steps }) => steps.map(({ id }) => id)),
    ...overrides.flatMap(({ actions }) => actions.map(({ id }) => id)),
  ]);
}

function listed(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  - ${sentence}`).join("\n");
}
