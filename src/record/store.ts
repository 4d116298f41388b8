import type { ClusterRecord } from "../rotation/record.ts";

/**
 * Where capstan remembers what neither git nor the cluster can tell. A folder on one machine, or refs of the git
 * remote; callers cannot tell the difference.
 */
export interface RecordStore {
  /** The record of a cluster, an empty one when there is none. Throws a `Failure` (`storage`) when unreadable. */
  load(cluster: string): Promise<ClusterRecord>;
  /** Replaces the record; durable when it returns. */
  save(record: ClusterRecord): Promise<void>;
  /** Appends to the journal of what was intended and what came of it; durable when it returns. */
  append(entry: JournalEntry): Promise<void>;
  /**
   * Takes the lock, or throws a `Failure` (`locked`) that names the holder. `notice` hears of a lock that was
   * left behind by a run that is gone, and was taken over.
   */
  lock(holder: LockHolder, notice: (message: string) => void): Promise<Lock>;
}

export interface LockHolder {
  readonly who: string;
  readonly why: string;
}

interface Lock {
  readonly id: string;
  release(): Promise<void>;
}

/** One line of the journal. Evidence for people; no decision reads it. */
export interface JournalEntry {
  /** ISO 8601. */
  readonly at: string;
  /** The lock id of the run: ties the entries of one run together. */
  readonly run: string;
  readonly commit: string | null;
  readonly cluster: string;
  readonly rotation: string;
  readonly authority: string;
  readonly from: string;
  readonly to: string;
  readonly what: "intended" | "refused" | "observed" | "verified" | "failed" | "interrupted";
  readonly detail: string | null;
}
