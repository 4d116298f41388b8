import type { RotationPlan } from "../../rotation/plan.ts";

type Stands = Pick<RotationPlan, "standing" | "steps" | "live_phase" | "desired_phase">;

/** Where a rotation stands, in a few words; `code` is how the medium writes a phase. */
export function standingText(
  { standing, steps, live_phase, desired_phase }: Stands,
  code: (phase: string) => string = (phase) => phase,
): string {
  const wanted = `, ${code(desired_phase)} is wanted`;
  switch (standing) {
    case "not_started":
      return `not started${steps.length === 0 ? "" : wanted}`;
    case "in_progress":
      // A look at who has followed is a step too, and moves it nowhere.
      return `in ${code(live_phase)}${steps.length === 0 || live_phase === desired_phase ? ", as wanted" : wanted}`;
    case "finished":
      return "finished, the retired key is gone";
    case "rolled_back":
      return "rolled back";
    case "unclear":
      return "unclear";
  }
}
