import type { Ahead } from "../profile/profile.ts";
import type { Drift, RotationPlan, Step } from "../rotation/plan.ts";
import { heldByDrift } from "./drift.ts";
import { isBlocked } from "./startable.ts";

/** What a rotation does before the next one of its cluster has its turn; `null` where it is held and does nothing. */
export function aheadOf({ name, steps }: RotationPlan, drift: readonly Drift[]): Ahead | null {
  const [first] = steps;
  const reached = stepsReached(steps);
  const last = reached.at(-1);
  if (first === undefined || last === undefined) return null;
  if ((isBlocked(first) && first.awaited !== true) || heldByDrift(drift, first) !== undefined) return null;
  const authorities = [...new Set(reached.map(({ authority }) => authority))];
  const of = (type: string) => reached.filter(({ authority }) => authority === type);
  return {
    rotation: name,
    starts: authorities.filter((type) =>
      of(type).some(({ from, to }) => from === "standby" && to === "init"),
    ),
    ends: authorities.filter((type) => of(type).at(-1)?.to === "standby"),
    step: last.id,
  };
}

/** A step further on may be known to be held: then the walk ends before it. */
function stepsReached(steps: readonly Step[]): readonly Step[] {
  const held = steps.findIndex((step) => step.after !== null && isBlocked(step));
  return held < 0 ? steps : steps.slice(0, held);
}

/** A step that may only go when a rotation before it is over comes after the last step of that. */
export function afterThose<Moved extends Pick<Step, "after" | "guards">>(
  step: Moved,
  ahead: readonly Ahead[],
): Moved {
  if (step.after !== null || !step.guards.some(({ pending }) => pending === true)) return step;
  const before = ahead.findLast(({ ends }) => ends.length > 0);
  return before === undefined ? step : { ...step, after: before.step };
}
