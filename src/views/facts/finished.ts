import type { ClusterPlan, RotationPlan } from "../../rotation/plan.ts";
import { isOpenWork } from "../../rotation/plan-steps.ts";

/** A rotation that is over and about which there is nothing more to say: one line is enough for all of them. */
export function isOver({ standing, steps, notes, checklist }: RotationPlan): boolean {
  return standing === "finished" && steps.length === 0 && notes.length === 0 && !checklist.some(isOpenWork);
}

/** When the file of a finished rotation may go, as a sentence: while git names the old key, it explains that. */
export function mayGoText({ drift }: Pick<ClusterPlan, "drift">, finished: readonly RotationPlan[]): string {
  const types = finished.flatMap(({ authorities }) => authorities);
  const due = drift.filter(
    ({ id, subject }) => id === "active-keys" && types.some((type) => subject === `authority/${type}`),
  );
  const file = finished.length === 1 ? "Its file" : "Their files";
  if (due.length === 0) return `${file} may be deleted.`;
  return due.every(({ command }) => command !== undefined)
    ? `${file} may be deleted once git names the new key.`
    : `${file} should stay while git names other keys than the cluster.`;
}
