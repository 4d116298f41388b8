import type { StepRun, Track } from "../run/run-state.ts";

/** The track's step that runs, or the last one that did. */
export function currentStep(track: Track): StepRun | undefined {
  return (
    track.steps.findLast(({ state }) => state === "running") ??
    track.steps.findLast(({ startedAt, state }) => startedAt !== null || state === "blocked") ??
    track.steps[0]
  );
}
