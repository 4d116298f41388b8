import type { ExercisePlan } from "../../rotation/exercise-plan.ts";
import type { CheckPlan } from "../../rotation/plan.ts";
import { writtenDate } from "../../written-date.ts";
import { shortHash } from "../fingerprints.ts";
import type { Tone } from "../tone.ts";

/** What the state of a check means for a rotation. */
export const CHECK_TONES: Readonly<Record<CheckPlan["state"], Tone>> = {
  passed: "good",
  failed: "bad",
  not_run: "warn",
  not_yet: "plain",
};

/** What it means that a session has shown an override in use, or that none has. */
export const EXERCISE_TONES: Readonly<Record<ExercisePlan["state"], Tone>> = { done: "good", open: "warn" };

/** `3 of 3, 12 s ago; baseline 3 of 3`, and what explains a failure, or what comes of no result. */
export function checkWords({ evidence, state, last, baseline, required }: CheckPlan): string {
  if (state === "not_yet") return `${evidence}; apply runs it before it goes on`;
  const detail = last === null || last.detail === "" ? "" : `; last: ${last.detail}`;
  const known = state === "failed" && baseline?.outcome === "failed" && !required;
  return `${evidence}${detail}${known ? " (it failed before the rotation, too, and holds nothing)" : ""}`;
}

/** `override of db_client 0a1b2c3d…: used in session S at T`, or that nothing has shown that. */
export function exerciseWords({ id, authority, session, at, refused }: ExercisePlan): string {
  const which = `override of ${authority} ${shortHash(id.split("/")[2] ?? "")}`;
  if (at !== null) return `${which}: used in session ${session} on ${writtenDate(at)}`;
  const why = refused === null ? "" : ` (${refused})`;
  return `${which}: no session has shown that it is used${why}; until one has, the CA's own certificate stays trusted`;
}
