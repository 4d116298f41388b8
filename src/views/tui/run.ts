import type { KindProgress, Laggard, ProbeProgress, RunEvent, RunOutcome } from "../../apply/event.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { Finding, Plan, RotationPlan, Step } from "../../rotation/plan.ts";
import type { PlannedAction } from "../../teleport/overrides/override-plan.ts";
import { failingGuards, stepTitle } from "./facts.ts";
import type { Tone } from "./text.ts";

/** A run as far as its events tell. Made from nothing but the event stream, so a finished run can be replayed. */
export interface Run {
  /** ISO 8601 of the first event. */
  readonly startedAt: string | null;
  /** Of the last one. */
  readonly heardAt: string | null;
  /** One per authority that moves, in the order of the plan. */
  readonly tracks: readonly Track[];
  /** Index of the track that something last happened on. */
  readonly active: number | null;
  /** Calls about override entries, in the order in which they were made. */
  readonly entries: readonly EntryRun[];
  /** Oldest first, the last `LOG_KEPT`. */
  readonly log: readonly LogEntry[];
  readonly ending: { readonly outcome: RunOutcome; readonly message: string } | null;
}

export interface EntryRun {
  readonly cluster: string;
  readonly authority: string;
  readonly action: PlannedAction;
  readonly state: "running" | "done";
}

export interface Track {
  readonly cluster: string;
  readonly rotation: string;
  readonly authority: string;
  readonly phase: Phase;
  /** Where git wants it. */
  readonly goal: Phase;
  readonly state: TrackState;
  /** Phase that was asked for and not yet observed. */
  readonly requested: Phase | null;
  readonly steps: readonly StepRun[];
  readonly waiting: Waiting | null;
  /** Why it failed, is blocked or goes back. */
  readonly reason: string | null;
}

type TrackState =
  | "queued"
  | "running"
  | "rolling-back"
  | "done"
  | "rolled-back"
  | "blocked"
  | "failed"
  | "stopped";

export interface StepRun {
  readonly step: Step;
  readonly state: "queued" | "running" | "verified" | "failed" | "blocked";
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Waiting {
  readonly phase: Phase;
  readonly deadline: string;
  readonly progress: readonly KindProgress[];
  readonly laggards: readonly Laggard[];
  readonly probes: readonly ProbeProgress[];
}

export interface LogEntry {
  readonly at: string;
  readonly tone: Tone;
  readonly text: string;
}

export const LOG_KEPT = 500;

/** `null`: the plan comes with the events. */
export function startRun(plan: Plan | null): Run {
  return {
    startedAt: null,
    heardAt: null,
    tracks: plan === null ? [] : tracksOf(plan),
    active: null,
    entries: [],
    log: [],
    ending: null,
  };
}

function tracksOf(plan: Plan): readonly Track[] {
  return plan.clusters.flatMap(({ name: cluster, rotations }) =>
    rotations.flatMap((rotation) =>
      [...new Set(rotation.steps.map(({ authority }) => authority))].map((authority) =>
        trackOf(cluster, rotation, authority),
      ),
    ),
  );
}

function trackOf(cluster: string, rotation: RotationPlan, authority: string): Track {
  const steps = rotation.steps.filter((step) => step.authority === authority);
  return {
    cluster,
    rotation: rotation.name,
    authority,
    phase: steps[0]?.from ?? rotation.live_phase,
    goal: rotation.desired_phase,
    state: "queued",
    requested: null,
    steps: steps.map((step) => ({ step, state: "queued", startedAt: null, endedAt: null })),
    waiting: null,
    reason: null,
  };
}

export function hear(run: Run, event: RunEvent): Run {
  const heard: Run = { ...run, startedAt: run.startedAt ?? event.at, heardAt: event.at };
  const logged = withLog(heard, event);
  switch (event.type) {
    case "plan":
      // A plan during the run must not forget what has happened; the first one brings the tracks.
      return run.tracks.some(({ state }) => state !== "queued")
        ? logged
        : { ...logged, tracks: tracksOf(event.plan) };
    case "step-started":
      return onStep(logged, event, (track) => ({
        ...track,
        state: track.state === "rolling-back" || goesBack(event.step) ? "rolling-back" : "running",
        phase: event.step.from,
        waiting: null,
        steps: withStep(track.steps, event.step, { state: "running", startedAt: event.at, endedAt: null }),
      }));
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
    case "step-verified":
      return onStep(logged, event, (track) => {
        const steps = withStep(track.steps, event.step, { state: "verified", endedAt: event.at });
        const undone = event.step.from === "rollback";
        const over = undone || steps.every(({ state }) => state === "verified");
        const state = undone ? "rolled-back" : over ? "done" : track.state;
        return { ...track, state, phase: event.step.to, requested: null, waiting: null, steps };
      });
    case "step-failed":
      return onStep(logged, event, (track) => ({
        ...track,
        state: "failed",
        requested: null,
        reason: reasonOf(event.message, event.findings),
        steps: withStep(track.steps, event.step, { state: "failed", endedAt: event.at }),
      }));
    case "blocked":
      return onStep(logged, event, (track) => ({
        ...track,
        state: "blocked",
        reason: blockedBy(event.step),
        steps: withStep(track.steps, event.step, { state: "blocked", endedAt: event.at }),
      }));
    case "rollback-started":
      return {
        ...logged,
        tracks: logged.tracks.map((track) =>
          track.cluster === event.cluster && track.rotation === event.rotation
            ? { ...track, state: "rolling-back", waiting: null, reason: event.reason }
            : track,
        ),
      };
    case "interrupted":
      return {
        ...logged,
        tracks: logged.tracks.map((track) =>
          track.cluster === event.cluster && track.state === "running"
            ? { ...track, state: "stopped" }
            : track,
        ),
      };
    case "override": {
      const { cluster, authority, action, stage } = event;
      const before = logged.entries.filter(
        (one) => one.cluster !== cluster || one.action.id !== action.id || one.state === "done",
      );
      const state = stage === "observed" ? "done" : "running";
      return { ...logged, entries: [...before, { cluster, authority, action, state }] };
    }
    case "notice":
    case "cluster-finished":
      return logged;
    case "finished":
      return { ...logged, ending: { outcome: event.outcome, message: event.message } };
  }
}

/** What is done about one entry, in a few words. */
export function entryTitle({ authority, action }: Pick<EntryRun, "authority" | "action">): string {
  return `${authority} override ${action.key_hash.slice(0, 16)}…: ${action.purpose}`;
}

function blockedBy(step: Step): string {
  const guards = failingGuards(step).map(({ id }) => id);
  return guards.length === 0 ? "waits for approval" : `is blocked by ${guards.join(", ")}`;
}

function reasonOf(message: string, findings: readonly Finding[]): string {
  const [first, ...rest] = findings;
  if (first === undefined) return message;
  return `${message}: ${first.subject} ${first.message}${rest.length === 0 ? "" : `, and ${rest.length} more`}`;
}

function goesBack({ from, to }: Step): boolean {
  return from === "rollback" || to === "rollback";
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

function changeLast(run: Run, matches: (track: Track) => boolean, change: (track: Track) => Track): Run {
  const active = run.tracks.findLastIndex(matches);
  if (active < 0) return run;
  return {
    ...run,
    active,
    tracks: run.tracks.map((track, index) => (index === active ? change(track) : track)),
  };
}

function withStep(steps: readonly StepRun[], step: Step, change: Partial<StepRun>): readonly StepRun[] {
  const index = steps.findIndex((entry) => entry.step.id === step.id);
  const before: StepRun = steps[index] ?? { step, state: "queued", startedAt: null, endedAt: null };
  const after = { ...before, step, ...change };
  return index < 0 ? [...steps, after] : steps.with(index, after);
}

function withLog(run: Run, event: RunEvent): Run {
  const entry = logEntry(event);
  if (entry === null) return run;
  return { ...run, log: [...run.log.slice(-LOG_KEPT + 1), { at: event.at, ...entry }] };
}

/** One line for the log; `null` for what the rest of the screen says better. */
function logEntry(event: RunEvent): Omit<LogEntry, "at"> | null {
  switch (event.type) {
    case "plan":
    case "waiting":
      return null;
    case "step-started":
      return { tone: "strong", text: `${event.cluster} ${stepTitle(event.step)}` };
    case "transition-requested":
      return { tone: "plain", text: `${event.authority}: ${event.to} was asked for` };
    case "transition-observed":
      return { tone: "plain", text: `${event.authority} is in ${event.phase}` };
    case "step-verified":
      return { tone: "good", text: `${stepTitle(event.step)} verified` };
    case "step-failed":
      return { tone: "bad", text: `${stepTitle(event.step)} failed: ${event.message}` };
    case "rollback-started":
      return { tone: "warn", text: `rolling ${event.rotation} back: ${event.reason}` };
    case "blocked":
      return { tone: "bad", text: `${stepTitle(event.step)} ${blockedBy(event.step)}` };
    case "interrupted":
      return { tone: "warn", text: event.message };
    case "override": {
      const done = event.stage === "observed" ? "done" : "asked for";
      return { tone: "plain", text: `${entryTitle(event)} ${done}` };
    }
    case "notice":
      return { tone: "dim", text: event.message };
    case "cluster-finished":
    case "finished":
      return {
        tone: event.outcome === "applied" || event.outcome === "nothing-to-do" ? "good" : "bad",
        text:
          event.type === "finished"
            ? `${event.outcome}: ${event.message}`
            : `${event.cluster} ${event.outcome}: ${event.message}`,
      };
  }
}

/**
 * Why a run cannot be rolled back now, or `null` when it can: only from the three middle phases, and never once
 * the point of no return was asked for.
 */
export function rollbackRefusal(run: Run, track: Track | undefined): string | null {
  if (run.ending !== null) return "the run is over";
  if (track === undefined) return "nothing has moved yet";
  if (track.state === "rolling-back") return `${track.authority} is being rolled back already`;
  if (track.state === "rolled-back") return `${track.authority} was rolled back already`;
  if (track.requested === "standby") return "the point of no return was asked for";
  if (track.phase === "standby") {
    return track.state === "done"
      ? "the old key is gone: the way back is a new rotation"
      : "nothing has moved yet: q stops before anything does";
  }
  return null;
}
