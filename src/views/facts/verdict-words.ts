import { editsDue, workLeft } from "../../planner/verdict.ts";
import type { ClusterPlan, Plan, PlanVerdict, Step } from "../../rotation/plan.ts";
import { count } from "../count.ts";

const READY_WORDS: Readonly<Partial<Record<PlanVerdict, string>>> = {
  ready_waived: "Ready, by waiver.",
  ready_final: "Ready, to the point of no return.",
};

/** The first words of a plan that nothing blocks. */
export function readyText({ verdict }: Pick<Plan, "verdict">): string {
  return READY_WORDS[verdict] ?? "Ready.";
}

/** How far the guards of a plan that nothing blocks were asked: those of later steps are when it is their turn. */
export function judgedText(steps: readonly Step[], where = ""): string {
  const judged = steps.filter(isJudged).length;
  const all = `${count(steps.length, "step")}${where}`;
  const waived = steps.flatMap(({ guards }) => guards.flatMap((guard) => guard.waived)).length;
  const by = waived === 0 ? "" : `, ${count(waived, "finding")} by waiver`;
  if (judged === steps.length) return `${all}; every guard passes${by}`;
  const passing = `${judged} of ${all} ${judged === 1 ? "passes" : "pass"} every guard${by}`;
  return `${passing}; later ones are judged in their turn`;
}

/** The guards of a step that follows another can only be asked when that one is done. */
export function isJudged({ after }: Step): boolean {
  return after === null;
}

/**
 * The sentences for a plan without a step: live equals desired, and what is due all the same where something is.
 * `code` is how the medium writes a command or a name.
 */
export function nothingToDoText(
  clusters: readonly ClusterPlan[],
  code: (text: string) => string = (text) => `\`${text}\``,
): { readonly head: string; readonly rest: string } {
  const edits = editsDue(clusters);
  const left = workLeft(clusters);
  const noticed = clusters.some(({ drift }) => drift.length > 0);
  if (!noticed && left.length === 0) return { head: "No changes.", rest: "Live equals desired." };
  const due =
    edits.length === 0
      ? []
      : [
          `${edits.length === 1 ? "One edit is" : `${edits.length} edits are`} due in git: ${edits.map(code).join(", ")}, then a commit.`,
        ];
  const hand =
    left.length === 0
      ? []
      : [
          `${count(left.length, "piece")} of work by hand ${left.length === 1 ? "is" : "are"} left: ${left.map(({ id }) => id).join(", ")}.`,
        ];
  const seen = noticed && edits.length === 0 ? ["The drift above needs no step."] : [];
  return { head: "Nothing to do on the cluster.", rest: [...due, ...hand, ...seen].join(" ") };
}
