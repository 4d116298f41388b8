import type { Step } from "../rotation/plan.ts";

/** A guard refuses it, or cannot tell. */
export function isBlocked({ guards }: Pick<Step, "guards">): boolean {
  return guards.some(({ outcome }) => outcome !== "pass");
}

/** First in line, and every guard passes. The guards of a step that follows another are asked in its turn. */
export function mayStart(step: Pick<Step, "after" | "guards">): boolean {
  return step.after === null && !isBlocked(step);
}
