import type { RunEvent } from "../../apply/event.ts";
import type { Finding, Step } from "../../rotation/plan.ts";
import { aboutText } from "../facts/about-words.ts";
import { goesBack } from "../facts/direction.ts";
import { blockedBy, withLog } from "./run-log.ts";
import { type Run, type StepRun, type Track, tracksOf } from "./run-state.ts";

/** With these something is done; before them people read and answer questions, which is no part of a run's time. */
const BEGINS: readonly RunEvent["type"][] = ["step-started", "override"];

/** The run after one more of its events. */
export function hear(run: Run, event: RunEvent): Run {
  const startedAt = run.startedAt ?? (BEGINS.includes(event.type) ? event.at : null);
  const heard: Run = { ...run, startedAt, heardAt: event.at };
  const logged = withLog(heard, event);
  switch (event.type) {
    case "plan":
      // A plan during the run must not forget what has happened; the first one brings the tracks.
      return run.tracks.some(({ state }) => state !== "queued")
        ? logged
        : {
            ...logged,
            several: (event.clusters_in_git ?? 1) > 1,
            fleet: event.plan.clusters.length > 1,
            tracks: tracksOf(event.plan),
          };
    case "step-started":
    case "step-verified":
    case "step-failed":
    case "blocked":
      return onStep(logged, event, (track) => afterStepEvent(track, event));
    case "transition-requested":
      return onAuthority(logged, event, (track) => ({ ...track, requested: event.to }));
    case "transition-observed":
      return onAuthority(logged, event, (track) => ({ ...track, phase: event.phase, requested: null }));
    case "waiting": {
      const { phase, deadline, progress, laggards, probes = [] } = event;
      return onAuthority(logged, event, (track) => ({
        ...track,
        waiting: { phase, deadline, progress, laggards, probes },
      }));
    }
    case "rollback-started":
      return changeAll(
        logged,
        ({ cluster, rotation }) => cluster === event.cluster && rotation === event.rotation,
        { state: "rolling-back", waiting: null, reason: event.reason },
      );
    case "interrupted":
      return changeAll(logged, ({ cluster, state }) => cluster === event.cluster && state === "running", {
        state: "stopped",
      });
    case "override": {
      const { cluster, authority, action, stage } = event;
      const before = logged.entries.filter(
        (one) => one.cluster !== cluster || one.action.id !== action.id || one.state === "done",
      );
      const state = stage === "observed" ? "done" : "running";
      return { ...logged, entries: [...before, { cluster, authority, action, state }] };
    }
    case "notice":
      return logged;
    case "cluster-finished": {
      const { cluster, outcome, message, hint } = event;
      const clusterEndings = new Map(logged.clusterEndings).set(cluster, { outcome, message, hint });
      return { ...logged, clusterEndings };
    }
    case "finished":
      return { ...logged, ending: { outcome: event.outcome, message: event.message } };
  }
}

type StepEvent = Extract<
  RunEvent,
  { readonly type: "step-started" | "step-verified" | "step-failed" | "blocked" }
>;

function afterStepEvent(track: Track, event: StepEvent): Track {
  const { step, at } = event;
  switch (event.type) {
    case "step-started":
      return {
        ...track,
        state: track.state === "rolling-back" || goesBack(step) ? "rolling-back" : "running",
        phase: step.from,
        waiting: null,
        steps: withStep(track.steps, step, { state: "running", startedAt: at, endedAt: null }),
      };
    case "step-verified": {
      const steps = withStep(track.steps, step, { state: "verified", endedAt: at });
      const undone = step.from === "rollback";
      const over = undone || steps.every(({ state }) => state === "verified");
      const state = undone ? "rolled-back" : over ? "done" : track.state;
      return { ...track, state, phase: step.to, requested: null, waiting: null, steps };
    }
    case "step-failed":
      return {
        ...track,
        state: "failed",
        requested: null,
        reason: reasonOf(event.message, event.findings),
        steps: withStep(track.steps, step, { state: "failed", endedAt: at }),
      };
    case "blocked":
      return {
        ...track,
        state: "blocked",
        reason: blockedBy(step),
        steps: withStep(track.steps, step, { state: "blocked", endedAt: at }),
      };
  }
}

function reasonOf(message: string, findings: readonly Finding[]): string {
  const [first, ...rest] = findings;
  if (first === undefined) return message;
  return `${message}; ${aboutText(first)}${rest.length === 0 ? "" : `, and ${rest.length} more`}`;
}

interface OfStep {
  readonly cluster: string;
  readonly rotation: string;
  readonly step: Step;
}

function onStep(run: Run, { cluster, rotation, step }: OfStep, change: (track: Track) => Track): Run {
  const known = run.tracks.some(
    (track) => track.cluster === cluster && track.rotation === rotation && track.authority === step.authority,
  );
  // A rollback that apply decides by itself, or a stream without its plan.
  const extra: Track = {
    cluster,
    rotation,
    authority: step.authority,
    phase: step.from,
    goal: step.to,
    state: "queued",
    requested: null,
    steps: [],
    waiting: null,
    reason: null,
  };
  const tracks = known ? run.tracks : [...run.tracks, extra];
  return changeLast(
    { ...run, tracks },
    (track) => track.cluster === cluster && track.rotation === rotation && track.authority === step.authority,
    change,
  );
}

function onAuthority(
  run: Run,
  { cluster, authority }: { readonly cluster: string; readonly authority: string },
  change: (track: Track) => Track,
): Run {
  return changeLast(run, (track) => track.cluster === cluster && track.authority === authority, change);
}

function changeAll(run: Run, matches: (track: Track) => boolean, change: Partial<Track>): Run {
  return { ...run, tracks: run.tracks.map((track) => (matches(track) ? { ...track, ...change } : track)) };
}

function changeLast(run: Run, matches: (track: Track) => boolean, change: (track: Track) => Track): Run {
  const active = run.tracks.findLastIndex(matches);
  const cluster = run.tracks[active]?.cluster;
  if (cluster === undefined) return run;
  return {
    ...run,
    active,
    touched: new Map(run.touched).set(cluster, active),
    tracks: run.tracks.map((track, index) => (index === active ? change(track) : track)),
  };
}

function withStep(steps: readonly StepRun[], step: Step, change: Partial<StepRun>): readonly StepRun[] {
  const index = steps.findIndex((entry) => entry.step.id === step.id);
  const before: StepRun = steps[index] ?? { step, state: "queued", startedAt: null, endedAt: null };
  const after = { ...before, step, ...change };
  return index < 0 ? [...steps, after] : steps.with(index, after);
}
