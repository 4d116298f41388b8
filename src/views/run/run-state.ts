import type { KindProgress, Laggard, ProbeProgress, RunOutcome } from "../../apply/event.ts";
import type { PlannedAction } from "../../rotation/override-plan.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { Plan, RotationPlan, Step } from "../../rotation/plan.ts";
import type { Tone } from "../tone.ts";

/** A run as far as its events tell. Made from nothing but the event stream, so a finished run can be replayed. */
export interface Run {
  /** ISO 8601 of the first step, or call; `null` before it. */
  readonly startedAt: string | null;
  /** Of the last one. */
  readonly heardAt: string | null;
  /** One per authority that moves, in the order of the plan. */
  readonly tracks: readonly Track[];
  /** Index of the track that something last happened on. */
  readonly active: number | null;
  /** Calls about override entries, in the order in which they were made. */
  readonly entries: readonly EntryRun[];
  /** Git has several clusters: a command has to say which it is about. */
  readonly several: boolean;
  /** The run is about several clusters: a line of its log says which. */
  readonly fleet: boolean;
  /** By the names of clusters, the index of the track that something last happened on there. */
  readonly touched: ReadonlyMap<string, number>;
  /** How it ended on clusters, by their names; only in a run of several. */
  readonly clusterEndings: ReadonlyMap<string, ClusterEnding>;
  /** Oldest first, the last `LOG_KEPT`. */
  readonly log: readonly LogEntry[];
  readonly ending: { readonly outcome: RunOutcome; readonly message: string } | null;
}

/** How a run ended on one of its clusters. */
export interface ClusterEnding {
  readonly outcome: RunOutcome;
  readonly message: string;
  readonly hint: string | null;
}

/** One call about an override entry, as far as it came. */
export interface EntryRun {
  readonly cluster: string;
  readonly authority: string;
  readonly action: PlannedAction;
  readonly state: "running" | "done";
}

/** One authority on its way: where it is, and what holds it up. */
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

/** One step, as far as it came. Times are ISO 8601. */
export interface StepRun {
  readonly step: Step;
  readonly state: "queued" | "running" | "verified" | "failed" | "blocked";
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Who has not followed into a phase yet. `deadline` is ISO 8601. */
export interface Waiting {
  readonly phase: Phase;
  readonly deadline: string;
  readonly progress: readonly KindProgress[];
  readonly laggards: readonly Laggard[];
  readonly probes: readonly ProbeProgress[];
}

/** One line of the log. `at` is ISO 8601. */
export interface LogEntry {
  readonly at: string;
  /** `null`: it is about all of them. */
  readonly cluster: string | null;
  readonly tone: Tone;
  readonly text: string;
}

/** A run of which nothing is heard yet; `null`: the plan comes with the events. */
export function startRun(plan: Plan | null): Run {
  return {
    startedAt: null,
    heardAt: null,
    tracks: plan === null ? [] : tracksOf(plan),
    active: null,
    entries: [],
    several: false,
    fleet: plan !== null && plan.clusters.length > 1,
    touched: new Map(),
    clusterEndings: new Map(),
    log: [],
    ending: null,
  };
}

/** The track of a cluster that something last happened on, else its first. */
export function activeTrackOf({ tracks, touched }: Run, cluster: string): Track | undefined {
  return tracks[touched.get(cluster) ?? -1] ?? tracks.find((track) => track.cluster === cluster);
}

/** What will move: one track per authority of a rotation that has steps. */
export function tracksOf(plan: Plan): readonly Track[] {
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
