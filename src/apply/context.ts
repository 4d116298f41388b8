import type { Failure } from "../failure.ts";
import type { Platform } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { Lock, LockHolder, RecordStore } from "../record/store.ts";
import type { AccessCheck } from "../resources/model/access-check.ts";
import type { ClusterResource, DesiredState } from "../resources/model/desired.ts";
import type { CheckOutcome } from "../rotation/check-result.ts";
import type { HistoryReader } from "../rotation/history.ts";
import type { Plan } from "../rotation/plan.ts";
import type { Approval } from "./approval.ts";
import type { RunEvent } from "./event.ts";
import type { WatchedRows } from "./row-watch.ts";
import type { RunClock } from "./run-clock.ts";
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
  /** Clusters that could not be read right before, with why: nobody waits for them again. */
  readonly unreadable?: ReadonlyMap<string, Failure>;
  readonly store: RecordStore;
  readonly clock: RunClock;
  /** How many clusters are walked at the same time. */
  readonly parallel: number;
  /** Fires on SIGINT, SIGTERM and SIGHUP: stop at the next safe point. */
  readonly signal: AbortSignal;
  /** Of a cluster: fires when a person who watches wants what runs there rolled back, there alone. */
  readonly turnBackOf: (cluster: string) => AbortSignal;
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
  /** Runs checks of one's own. Absent: nobody can, and what was not run blocks. */
  readonly runChecks?: CheckRunner;
}

/** Says of each check how it ended; throws only where the signal fired. */
export type CheckRunner = (
  cluster: ClusterResource,
  checks: readonly AccessCheck[],
  signal: AbortSignal,
) => Promise<readonly CheckOutcome[]>;

/** A cluster that this run has locked: who looks in order to act, and who acts, needs one. */
export interface ClusterRun extends RunContext {
  readonly cluster: ClusterResource;
  readonly platform: Platform;
  readonly lock: Lock;
  readonly sightings: Sightings;
  readonly rows: WatchedRows;
  /** A person who watches wants this cluster rolled back. */
  readonly turnBack: AbortSignal;
  /** Who asked for nothing yet has none. */
  readonly approval: Approval;
}
