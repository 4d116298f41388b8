import type { Plan } from "../rotation/plan.ts";
import { type MarkdownOptions, planMarkdown } from "../views/markdown/plan-markdown.ts";
import type { ActionContext } from "./action-context.ts";
import type { ActionWorld, PlannedRun } from "./action-doors.ts";
import type { Render, Written } from "./fitting-text.ts";
import { forgeWords } from "./forge-words.ts";
import { writeOutputs } from "./job-files.ts";
import { ALL } from "./reviewed-plan.ts";

/** What a run is about: a cluster, or all of them. There is a comment and a check run of each. */
export function scopeOf({ inputs }: ActionContext): string {
  return inputs.cluster ?? ALL;
}

/** The page of the run, for what people read elsewhere. */
export function linkTo({ runUrl }: ActionContext): MarkdownOptions {
  return runUrl === null ? {} : { link: runUrl };
}

/** A plan for a summary or a comment: as much of it as there is room for. */
export function renderer(planned: PlannedRun, title: string, more: MarkdownOptions): Render {
  // Not the plan file: its path is the runner's.
  const { plan, fingerprint, diff } = planned;
  const options: MarkdownOptions = {
    title,
    fingerprint,
    ...(diff === undefined ? {} : { diff }),
    ...more,
  };
  return (limit) => planMarkdown(plan, { ...options, limit });
}

/** Sets the outputs of the step. */
export async function writePlanOutputs(
  { outputFile }: ActionContext,
  outcome: string,
  planned: PlannedRun | null,
): Promise<void> {
  await writeOutputs(outputFile, {
    outcome,
    fingerprint: planned?.fingerprint ?? null,
    "plan-file": planned?.planFile ?? null,
  });
}

/** Says what came of writing something on the forge; what was not written is a warning beside the run. */
export function say({ forge, print, annotate }: ActionWorld, what: string, written: Written): void {
  if ("message" in written) {
    const { elsewhere, rights } = forgeWords(forge?.name ?? "GitHub");
    const hint = written.result === "forbidden" ? ` → ${rights}` : "";
    annotate("warning", `${what}: not written, ${elsewhere}. ${written.message}${hint}`);
  } else print(`${what}: ${written.result}\n`);
}

/** Beside the run, as the job may be green: who approves is not to think that there was a plan of it. */
export function tellUnread({ annotate }: ActionWorld, { clusters }: Plan): void {
  for (const { name, problem } of clusters) {
    if (problem !== null)
      annotate("warning", `${name} was not read: ${problem.message} (${problem.code}). ${problem.remedy}`);
  }
}
