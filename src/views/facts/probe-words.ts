import { seenText } from "../../planner/saved/plan-difference.ts";
import type { ConsumerObservation } from "../../rotation/observation.ts";

/** `orders-db uses the old key; trusts old, new`: what one probe saw. */
export function probeText(one: ConsumerObservation, code: (text: string) => string = (text) => text): string {
  return `${code(one.consumer)} ${seenText(one)}`;
}
