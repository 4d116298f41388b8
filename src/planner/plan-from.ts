import type { Plan } from "../rotation/plan.ts";
import { makePlan, type PlanInput } from "./planner.ts";
import { readingsOfOverrides } from "./read-overrides.ts";

/**
 * The plan of what is at hand: the one place where the entries of overrides are read out of it and a plan is made, for
 * `capstan plan` and for every step of `capstan apply`.
 */
export async function planFrom(input: Omit<PlanInput, "overrides">): Promise<Plan> {
  const overrides = await readingsOfOverrides(input.desired.overrides, input.observations);
  return makePlan({ ...input, overrides });
}
