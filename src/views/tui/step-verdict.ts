import { failingGuards } from "../../planner/startable.ts";
import type { Step } from "../../rotation/plan.ts";

/**
 * `ready`: every guard passes. `blocked`: a guard refuses. `unknown`: a guard cannot tell, which blocks too.
 * `later`: judged when the step before it is done. `waits`: a look only, and apply waits for who is late.
 */
export type StepVerdict = "ready" | "blocked" | "unknown" | "later" | "waits";

export function stepVerdict(step: Step): StepVerdict {
  const failing = failingGuards(step);
  if (failing.length === 0) return step.after === null ? "ready" : "later";
  if (step.awaited === true) return "waits";
  return failing.some(({ outcome }) => outcome === "fail") ? "blocked" : "unknown";
}

/** A guard is in its way, and no wait ends that. */
export function isRefused(step: Step): boolean {
  const verdict = stepVerdict(step);
  return verdict === "blocked" || verdict === "unknown";
}
