import { isBlocked } from "../planner/startable.ts";
import { verdictOf } from "../planner/verdict.ts";
import type { ClusterPlan, Plan } from "../rotation/plan.ts";
import { clusterSteps } from "../rotation/plan-steps.ts";
import type { ActionContext } from "./action-context.ts";
import type { ActionDoors, ActionWorld, PlannedRun } from "./action-doors.ts";
import { linkTo, renderer, say, tellUnread, writePlanOutputs } from "./action-words.ts";
import { keepDriftIssue } from "./drift-issue.ts";
import { writeSummary } from "./job-files.ts";
import { EXIT_BLOCKED, jobExit } from "./plan-exit.ts";

/** Mode `drift`: keeps an issue for each cluster that is not what git says. Gives the exit code. */
export async function driftMode(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
): Promise<number> {
  const planned = await doors.plan(context.inputs.expect);
  const { plan, fingerprint, exit } = planned;
  const code = exit === EXIT_BLOCKED ? 0 : jobExit(exit);
  tellUnread(world, plan);
  await writeSummary(context.summaryFile, renderer(planned, "capstan drift", {}));
  await writePlanOutputs(context, plan.outcome, planned);
  if (world.forge === null) return code;
  for (const cluster of plan.clusters) {
    // Nobody saw that it is as git says: its issue stays as it is.
    if (cluster.problem !== null) continue;
    const alone: PlannedRun = { plan: only(plan, cluster), fingerprint };
    const written = await keepDriftIssue(world.forge, {
      cluster: cluster.name,
      commit: plan.commit,
      fingerprint,
      drifted: isDrifted(cluster),
      runUrl: context.runUrl,
      render: renderer(alone, "Live is not what git says", linkTo(context)),
    });
    say(world, `issue of ${cluster.name}`, written);
  }
  return code;
}

/** On the branch that is applied, a step that is still planned is as much a difference as a foreign rotation. */
function isDrifted({ drift, rotations }: ClusterPlan): boolean {
  return drift.length > 0 || rotations.some(({ steps }) => steps.length > 0);
}

/** The plan of one cluster, with the verdict that is its own. */
function only(plan: Plan, cluster: ClusterPlan): Plan {
  const steps = clusterSteps(cluster);
  const blocked = cluster.drift.some(({ blocks }) => blocks) || steps.some(isBlocked);
  const outcome = blocked ? "blocked" : steps.length > 0 ? "ready" : "no_changes";
  return { ...plan, outcome, verdict: verdictOf({ outcome, clusters: [cluster] }), clusters: [cluster] };
}
