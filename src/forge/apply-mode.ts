import { fence } from "../views/markdown/inline.ts";
import type { ActionContext } from "./action-context.ts";
import type { ActionDoors, ActionWorld } from "./action-doors.ts";
import { renderer, say, scopeOf, writePlanOutputs } from "./action-words.ts";
import { approvedForApply } from "./approved-for-apply.ts";
import { forgeWords } from "./forge-words.ts";
import { writeSummary } from "./job-files.ts";
import { endComment } from "./plan-comment.ts";

/** Mode `apply`: takes what was reviewed, and marks its plan as applied. Gives the exit code. */
export async function applyMode(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
): Promise<number> {
  const { expect, pulls } = await approvedForApply(context, doors, world);
  const { exit, outcome, message, planned } = await doors.apply(expect);
  const result = `**${outcome}**\n\n${fence(message, "text")}\n`;
  await writeSummary(context.summaryFile, (limit) => {
    const head = `## capstan apply\n\n${result}`;
    if (planned === null) return head;
    return head + renderer(planned, "The plan", {})(limit - head.length);
  });
  await writePlanOutputs(context, outcome, planned);
  if (exit === 0 && world.forge !== null) {
    const { change, comments } = forgeWords(world.forge.name);
    for (const pull of pulls) {
      const ending = { state: "applied", runUrl: context.runUrl } as const;
      const written = await endComment(world.forge, pull, scopeOf(context), ending);
      // The right to write comments is a courtesy here: what was applied is in the summary and in the journal.
      if (written.result === "forbidden") {
        world.print(`plan of ${change} ${pull}: not marked as applied, which takes ${comments}\n`);
      } else say(world, `plan of ${change} ${pull}`, written);
    }
  }
  return exit;
}
