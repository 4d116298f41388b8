import type { ActionContext } from "./action-context.ts";
import type { ActionDoors, ActionWorld } from "./action-doors.ts";
import { linkTo, renderer, say, scopeOf, tellUnread, writePlanOutputs } from "./action-words.ts";
import { reviewedInQueue } from "./approved-for-apply.ts";
import { whatBinds } from "./forge-words.ts";
import { writeSummary } from "./job-files.ts";
import { hasChecks, keepCheckRun } from "./plan-check-run.ts";
import { keepComment } from "./plan-comment.ts";
import { EXIT_BLOCKED, jobExit } from "./plan-exit.ts";
import { reviewedPlan } from "./reviewed-plan.ts";

/** Mode `plan`: plans, and keeps the check run and the comment of the pull request. Gives the exit code. */
export async function planMode(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
): Promise<number> {
  const { queued } = context;
  const policy = await doors.policy(context.inputs.base);
  const expect = queued ? await reviewedInQueue(context, world, policy) : context.inputs.expect;
  const planned = await doors.plan(expect);
  const { plan, fingerprint, exit } = planned;
  await writeSummary(context.summaryFile, renderer(planned, "capstan plan", {}));
  await writePlanOutputs(context, plan.outcome, planned);
  const code = exit === EXIT_BLOCKED && context.inputs.failOn === "error" ? 0 : jobExit(exit);
  tellUnread(world, plan);
  if (world.forge !== null && !hasChecks(world.forge)) world.print(`${whatBinds(world.forge.name)}\n`);
  if (hasChecks(world.forge) && context.head !== null) {
    const written = await keepCheckRun(world.forge, {
      head: context.head,
      app: policy.app,
      reviewed: reviewedPlan(plan, scopeOf(context), queued ? expect.length > 0 : null),
      conclusion: code === EXIT_BLOCKED ? "failure" : jobExit(exit) === 0 ? "success" : "neutral",
      runUrl: context.runUrl,
      render: renderer(planned, "capstan plan", linkTo(context)),
    });
    say(world, "check run of the plan", written);
  }
  // In a merge queue the comment is of what was reviewed; it stays as it is.
  if (world.forge !== null && context.pull !== null && !queued) {
    const written = await keepComment(world.forge, {
      pull: context.pull,
      scope: scopeOf(context),
      commit: plan.commit,
      fingerprint,
      render: renderer(planned, "capstan plan", linkTo(context)),
    });
    say(world, "comment of the plan", written);
  }
  return code;
}
