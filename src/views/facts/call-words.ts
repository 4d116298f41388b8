import type { PlannedAction } from "../../rotation/override-plan.ts";

/** How a call about an override entry is made: `update-override, with force, after standby`. */
export function callText({ call, force, moment }: Pick<PlannedAction, "call" | "force" | "moment">): string {
  return [call, ...(force ? ["with force"] : []), ...(moment === "now" ? [] : ["after standby"])].join(", ");
}
