import { type Phase, WALK } from "../../rotation/phase.ts";

/** Where a rotation is, as far as the drawing of its phases needs to know. */
export interface RailPlace {
  readonly phase: Phase;
  readonly goal: Phase;
  /** It has gone all the way, so that `standby` is the last one. */
  readonly finished: boolean;
}

/** The phases that the forward walk goes through, drawn from left to right. */
export const STATIONS = WALK;

/** Index in `STATIONS` of the final standby, which stands behind the point of no return. */
export const LAST_STATION = STATIONS.length - 1;

/** Indices of `STATIONS`; -1 for what is off the rail: a rollback. */
export function onRail({ phase, goal, finished }: RailPlace): {
  readonly here: number;
  readonly end: number;
} {
  return {
    here: finished ? LAST_STATION : STATIONS.indexOf(phase),
    end: goal === "standby" ? LAST_STATION : STATIONS.indexOf(goal),
  };
}
