import type { WorkOfPlan } from "../../planner/verdict.ts";
import type { ChecklistItem, RotationPlan, Step } from "../../rotation/plan.ts";
import { isOpenWork } from "../../rotation/plan-steps.ts";
import { acknowledgeCommand } from "../../rotation/remedy-command.ts";
import { count } from "../count.ts";
import { isJudged } from "./verdict-words.ts";

/** `2 changes of override entries and 1 step`; empty when there is nothing. */
export function workText({ entries, steps }: WorkOfPlan): string {
  return [
    ...(entries.length === 0 ? [] : [`${count(entries.length, "change")} of override entries`]),
    ...(steps.length === 0 ? [] : [count(steps.length, "step")]),
  ].join(" and ");
}

/** What people have to do before later steps, and have not: those steps will wait for it. */
export function openWork(steps: readonly Step[]): readonly ChecklistItem[] {
  return steps.filter((step) => !isJudged(step)).flatMap(({ checklist }) => checklist.filter(isOpenWork));
}

/** Whether a step waits for a piece of work by hand, in the same words everywhere. */
export const HOLDS = {
  required: "the next step waits for it",
  advice: "if you have any; no step waits for it",
  left: "no step waits for it any more",
} as const;

/** The word of an open piece; after the end of its rotation (`finished`) no step waits any more. */
export function holdsText({ required }: ChecklistItem, finished: boolean): string {
  if (!required) return HOLDS.advice;
  return finished ? HOLDS.left : HOLDS.required;
}

/** What is to be done, without its stop, for what stands behind it in brackets. */
export function itemWords({ do: said }: ChecklistItem): string {
  return said.replace(/\.$/, "");
}

/** The work of the phase at hand; after the end only what matters is worth a word in every plan from then on. */
export function shownWork({ checklist, standing }: RotationPlan): readonly ChecklistItem[] {
  return standing === "finished" ? checklist.filter(isOpenWork) : checklist;
}

/** The command that states that a piece of work is done. */
export function statementCommand({ id, statement }: Pick<ChecklistItem, "id" | "statement">): string {
  return statement ?? acknowledgeCommand(id);
}
