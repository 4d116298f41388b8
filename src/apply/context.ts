import type { Failure } from "../failure.ts";
import type { Platform } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { JournalEntry, Lock, LockHolder, RecordStore } from "../record/store.ts";
import type { ClusterResource, DesiredState, RotationResource } from "../resources/model/desired.ts";
import type { HistoryReader } from "../rotation/history.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Drift, Plan, Step } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { Approval } from "./approval.ts";
import { type Clock, iso } from "./clock.ts";
import type { RunEvent } from "./event.ts";
import type { FreshLook } from "./fresh-look.ts";
import type { Sightings } from "./sightings.ts";

/** Everything that an apply works with; all of it comes from the rim. */
export interface RunContext {
  readonly desired: DesiredState;
  readonly commit: string | null;
  /** What git says of that commit. Absent where there is none: then no resource counts as deleted. */
  readonly history?: HistoryReader;
  /** Why a person takes the commit for a new start, although it does not follow the one applied last. */
  readonly acceptHistory?: string;
  readonly platforms: ReadonlyMap<string, Platform>;
  readonly store: RecordStore;
  readonly clock: Clock;
  /** Fires on SIGINT, SIGTERM and SIGHUP: stop at the next safe point. */
  readonly signal: AbortSignal;
  /** Fires when a person who watches wants the rotation rolled back. */
  readonly turnBack: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /**
   * Asks the person, or answers for the flags. Only steps of this plan may be taken. `null`: the person left. Then
   * nothing is done, not even waiting for what a run before has begun.
   */
  readonly approve: (plan: Plan, observations: readonly ClusterObservation[]) => Promise<Approval | null>;
  /**
   * The clusters whose plan is not the one that was approved before (a plan file, a fingerprint), each with the reason;
   * throws it where it is about all of them. Asked under the locks, before anything is done, and again when the
   * approval took its time.
   */
  readonly accept?: (plan: Plan, observations: readonly ClusterObservation[]) => ReadonlyMap<string, Failure>;
  readonly holder: LockHolder;
}

/** A cluster that this run has locked: who looks in order to act, and who acts, needs one. */
export interface ClusterRun extends RunContext {
  readonly cluster: ClusterResource;
  readonly platform: Platform;
  readonly lock: Lock;
  readonly sightings: Sightings;
  /** Who asked for nothing yet has none. */
  readonly approval: Approval;
}

/** One step of one rotation, with what is known right before it. */
export interface Situation {
  readonly cluster: ClusterResource;
  readonly platform: Platform;
  readonly rotationName: string;
  /** `null` when git no longer declares the rotation. */
  readonly resource: RotationResource | null;
  readonly step: Step;
  /** What it is judged by, and what taking it uses up. */
  readonly look: FreshLook;
  readonly observation: ClusterObservation;
  readonly live: LiveAuthority;
  readonly record: ClusterRecord;
  /** Override entries of this CA are not yet as git wants them: no step before they are. */
  readonly unsettled: boolean;
  /** Blocking drift of the cluster: nothing but the way back is taken there. */
  readonly drift: Drift | null;
}

/** An event without its time. */
export type Said = RunEvent extends infer Event
  ? Event extends RunEvent
    ? Omit<Event, "at">
    : never
  : never;

export function say(context: Pick<RunContext, "clock" | "emit">, event: Said): void {
  context.emit({ at: iso(context.clock.now()), ...event } as RunEvent);
}

export async function journal(
  context: ClusterRun,
  { cluster, rotationName, step }: Situation,
  what: JournalEntry["what"],
  detail: string | null = null,
): Promise<void> {
  await context.store.append({
    at: iso(context.clock.now()),
    run: context.lock.id,
    commit: context.commit,
    cluster: cluster.name,
    rotation: rotationName,
    authority: step.authority,
    from: step.from,
    to: step.to,
    what,
    detail,
  });
}
