import type { Places } from "../fleet/places.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { Life } from "./holder-process.ts";

/**
 * Where capstan remembers what neither git nor the cluster can tell. A folder on one machine, or refs of the git
 * remote; callers cannot tell the difference.
 */
export interface RecordStore {
  /** The record of a cluster, an empty one when there is none. Throws a `Failure` (`storage`) when unreadable. */
  load(cluster: string): Promise<ClusterRecord>;
  /** Replaces the record; durable when it returns. Writes of every kind are refused without the lock of the cluster. */
  save(record: ClusterRecord): Promise<void>;
  /**
   * Keeps what the CAs of a cluster are now, for people; durable when it returns, and says where it is. `sealed`: their
   * full state as an armored age file, kept beside it.
   */
  backup(backup: AuthorityBackup, sealed: string | null): Promise<string>;
  /** Appends to the journal of what was intended and what came of it; durable when it returns. */
  append(entry: JournalEntry): Promise<void>;
  /** Where the record of a cluster is kept, and whether there is one: a lost record is not an empty one. */
  whereabouts(cluster: string): Promise<Whereabouts>;
  /** Who has a place in a campaign. Throws a `Failure` (`storage`) when unreadable. */
  places(campaign: string): Promise<Places>;
  /**
   * Changes that by compare-and-swap, and under the lock of the cluster that it is done for; `change` may be asked
   * several times. It gives what it got for "as it should be", and `null` for "not now": then nothing is changed.
   */
  changePlaces(
    cluster: string,
    campaign: string,
    change: (before: Places) => Places | null,
  ): Promise<Places | null>;
  /**
   * Takes the lock of a cluster, or throws a `Failure` (`locked`) that names the holder. `notice` hears of a lock that
   * was left behind by a run that is gone, and was taken over.
   */
  lock(cluster: string, holder: LockHolder, notice: (message: string) => void): Promise<Lock>;
  /** Who holds the lock of a cluster, `null` when nobody does. */
  lockState(cluster: string): Promise<LockState | null>;
  /** Every lock that there is, sorted by cluster. */
  locks(): Promise<readonly LockState[]>;
  /**
   * Ends the lock of this id, and says whose it was. Throws a `Failure` (`usage`) when there is no lock, or another
   * one: a person who looked at one lock must not end the next. Throws one (`refused`) unless its holder is known to
   * be gone, or it is forced.
   */
  releaseLock(lock: LockToRelease): Promise<HeldLock>;
}

/** Public facts only: certificates, keys by their hashes, phases. No rotation can be undone with it, but understood. */
export interface AuthorityBackup {
  readonly format_version: "1.0";
  /** ISO 8601. */
  readonly at: string;
  readonly cluster: string;
  readonly authorities: readonly LiveAuthority[];
}

/** Where the record of one cluster is, for people and for whoever must know whether there is one. */
export interface Whereabouts {
  /** `folder`: what other machines and other clones do is not in it. */
  readonly kind: "folder" | "refs";
  /** Where it belongs, for people. */
  readonly home: string;
  /** Where it was found, which may be elsewhere in the repository; `null`: nowhere that was looked at. */
  readonly found: string | null;
  /** One that is not read, as commits before this one kept it there; `null`: none, or it was found at home. */
  readonly unread: string | null;
}

/** Who takes a lock, for people. */
export interface LockHolder {
  readonly who: string;
  readonly why: string;
  /** Where the run can be watched; absent on a machine of a person. */
  readonly runUrl?: string;
}

/** A lock that this run has taken. */
export interface Lock {
  readonly cluster: string;
  readonly id: string;
  /** Fires when the lock went to somebody else or can no longer be renewed: nothing may be written any more. */
  readonly lost: AbortSignal;
  /**
   * Throws a `Failure` (`locked`) unless this run still holds the lock, by its clocks and where the lock is kept. To
   * be called right before whatever changes something; a write of this store does it itself.
   */
  confirm(): Promise<void>;
  release(): Promise<void>;
}

/** A lock as others see it. All times are ISO 8601. */
export interface HeldLock extends LockHolder {
  /** `null`: every cluster, in the lock of a version that had one for all. */
  readonly cluster: string | null;
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
  /** Where the process can be looked for, and since when it runs (`HolderProcess`); absent in older locks. */
  readonly place?: string | null;
  readonly started?: string | null;
  /** When the holder was last heard of; `null` in folders of an older version. */
  readonly heartbeat: string | null;
  /** When it ends unless it is renewed; `null` in folders of an older version. */
  readonly expires: string | null;
}

/** A lock as this machine judges it now. */
export interface LockState extends HeldLock {
  /** Whether its holder still lives, as far as this machine and the time can tell. */
  readonly holder: Life;
  /** When the next run may take it over, unless it is renewed; `null`: not by time alone. */
  readonly takeover: string | null;
}

/** A lock that a person wants to end, as they saw it. */
export interface LockToRelease {
  /** `null`: the lock of an older version. */
  readonly cluster: string | null;
  readonly id: string;
  readonly force: boolean;
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
  readonly what: "intended" | "refused" | "observed" | "verified" | "failed" | "interrupted" | "accepted";
  readonly detail: string | null;
}
