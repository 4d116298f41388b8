import type { GuardVerdict, Step } from "../rotation/plan.ts";

/** The guards that refuse it, or cannot tell. */
export function failingGuards({ guards }: Pick<Step, "guards">): readonly GuardVerdict[] {
  return guards.filter(({ outcome }) => outcome !== "pass");
}

/** A guard refuses it, or cannot tell. */
export function isBlocked(step: Pick<Step, "guards">): boolean {
  return failingGuards(step).length > 0;
}

/** A guard holds it, whatever is approved: what only the step's own approval ends is left to that. */
export function isHeld(step: Pick<Step, "guards" | "point_of_no_return">): boolean {
  return holding(step).length > 0;
}

/** The verdicts that no approval ends. */
export function holding(step: Pick<Step, "guards" | "point_of_no_return">): readonly GuardVerdict[] {
  const { point_of_no_return: final } = step;
  return failingGuards(step).filter(
    ({ findings }) => !(final && findings.every(({ approvable }) => approvable === true)),
  );
}

/** The same, but for checks of one's own: a run tries them again before the step. */
export function isHeldWhateverRuns(step: Pick<Step, "guards" | "point_of_no_return">): boolean {
  return holding(step).some(({ id }) => id !== "checks");
}

/** It does not start as long as other rotations of the cluster are under way or come before it. */
export function isHeldByOthers({ from, to, guards }: Pick<Step, "from" | "to" | "guards">): boolean {
  const starts = from === "standby" && to === "init";
  return starts && guards.some(({ id, outcome }) => id === "exclusive" && outcome !== "pass");
}

/** First in line, and every guard passes. The guards of a step that follows another are asked in its turn. */
export function mayStart(step: Pick<Step, "after" | "guards">): boolean {
  return step.after === null && !isBlocked(step);
}
