import type { CheckPlan } from "../../rotation/plan.ts";
import type { Tone } from "../tone.ts";

/** What the state of a check means for a rotation. */
export const CHECK_TONES: Readonly<Record<CheckPlan["state"], Tone>> = {
  passed: "good",
  failed: "bad",
  not_run: "warn",
  not_yet: "plain",
};

/** `3 of 3, 12 s ago; baseline 3 of 3`, and what explains a failure, or what comes of no result. */
export function checkWords({ evidence, state, last, baseline, required }: CheckPlan): string {
  if (state === "not_yet") return `${evidence}; apply runs it before it goes on`;
  const detail = last === null || last.detail === "" ? "" : `: ${last.detail}`;
  const known = state === "failed" && baseline?.outcome === "failed" && !required;
  return `${evidence}${detail}${known ? " (it failed before the rotation, too, and holds nothing)" : ""}`;
}
