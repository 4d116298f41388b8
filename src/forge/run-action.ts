import { Failure } from "../failure.ts";
import { fence } from "../views/markdown/inline.ts";
import type { ActionContext } from "./action-context.ts";
import type { ActionDoors, ActionWorld } from "./action-doors.ts";
import { say, scopeOf, writePlanOutputs } from "./action-words.ts";
import { applyMode } from "./apply-mode.ts";
import { driftMode } from "./drift-mode.ts";
import { writeSummary } from "./job-files.ts";
import { endCheckRun, hasChecks } from "./plan-check-run.ts";
import { endComment } from "./plan-comment.ts";
import { planMode } from "./plan-mode.ts";

/**
 * One run of `capstan action`: runs capstan, writes summary and outputs, keeps the comment or the issue.
 * Gives the exit code. What the forge does not let us write is a warning; what capstan fails in is thrown, after the
 * comment was marked as out of date.
 */
export async function runAction(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
): Promise<number> {
  try {
    switch (context.mode) {
      case "plan":
        return await planMode(context, doors, world);
      case "apply":
        return await applyMode(context, doors, world);
      case "drift":
        return await driftMode(context, doors, world);
    }
  } catch (error) {
    await reportError(context, doors, world, error);
    throw error;
  }
}

/** A run that failed says so where people look, and takes the plan before it out of date. */
async function reportError(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
  error: unknown,
): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Failure && error.hint !== null ? `\n→ ${error.hint}` : "";
  await writeSummary(
    context.summaryFile,
    () => `## capstan ${context.mode}: error\n\n${fence(`${message}${hint}`, "text")}`,
  );
  await writePlanOutputs(context, "error", null);
  const { forge } = world;
  if (context.mode !== "plan" || forge === null) return;
  const policy = await doors.policy(context.inputs.base).catch(() => null);
  if (hasChecks(forge) && context.head !== null && policy !== null) {
    const wanted = { scope: scopeOf(context), app: policy.app };
    say(world, "check run of the plan", await endCheckRun(forge, context.head, wanted, context.runUrl));
  }
  if (context.pull === null || context.queued) return;
  const ending = { state: "superseded", runUrl: context.runUrl } as const;
  say(world, "comment of the plan", await endComment(forge, context.pull, scopeOf(context), ending));
}
