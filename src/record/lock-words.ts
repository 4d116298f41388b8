import { Failure } from "../failure.ts";
import { writtenDate, writtenMoment } from "../written-date.ts";
import type { HeldLock, LockState, LockToRelease } from "./store.ts";

/** Sentences about locks, the same for every backend. */

/** Who has the lock that a run wants to take, and how it can be got. */
export function heldBySomebody(lock: LockState): Failure {
  const where = lock.runUrl === undefined ? `process ${lock.pid} on ${lock.host}` : lock.runUrl;
  const until = lock.expires === null ? "" : `, until ${writtenMoment(lock.expires)} unless it is renewed`;
  return new Failure(
    "locked",
    `${lock.who} holds the lock of ${named(lock)} since ${writtenDate(lock.since)} (${where})${until}: ${lock.why}`,
    { hint: wayOut(lock) },
  );
}

function wayOut({ holder, takeover, id, pid }: LockState): string {
  if (holder === "alive") return `it is alive: wait until it is done, or stop its process (${pid})`;
  if (holder === "dead" && takeover !== null) {
    return `its process is gone: \`capstan lock release --id ${id}\` ends it, or wait until ${writtenMoment(takeover)}`;
  }
  const gone = `if you know that run to be gone for good, \`capstan lock release --id ${id} --force\``;
  if (takeover === null) return `wait until it is done; ${gone}`;
  return `wait until it is done; unless it is renewed, the next run takes it over from ${writtenMoment(takeover)} on; ${gone}`;
}

/** Somebody was faster, again and again: whoever it is, it is not worth another try. */
export function heldByUnknown(what: string): Failure {
  return new Failure("locked", `another run took ${what} at the same moment`, {
    hint: "run it again",
  });
}

/** A lock is to be released and is not there; `null`: the one for all clusters. */
export function nobodyHolds(cluster: string | null): Failure {
  return new Failure("usage", `nobody holds the lock of ${named({ cluster })}`, {
    hint: "there is nothing to release",
  });
}

/** Why a run stops that believed in its lock. */
export function noLongerHeld(cluster: string, why: string): Failure {
  return new Failure("locked", `this run lost the lock of ${cluster}: ${why}`, {
    hint: "nothing was written after that; look at `capstan status`, then run it again",
  });
}

/** The lock that a person names by its id is not there. */
export function noSuchLock(id: string): Failure {
  return new Failure("usage", `there is no lock with the id ${id}`, {
    hint: "look at `capstan lock show` again; the lock you meant is gone",
  });
}

/** It is there, and is not the one that a person looked at. */
export function anotherLock(lock: HeldLock, asked: string): Failure {
  return new Failure(
    "usage",
    `the lock of ${named(lock)} has the id ${lock.id}, not ${asked}: ${lock.who} holds it since ${writtenDate(lock.since)}`,
    {
      hint: "look at `capstan lock show` again; the lock you meant is gone",
    },
  );
}

/** Throws unless it is the lock that was asked for, and its holder is known to be gone or it is forced. */
export function insistOnRelease(found: LockState, { id, force }: LockToRelease): void {
  if (found.id !== id) throw anotherLock(found, id);
  if (found.holder !== "dead" && !force) throw stillHeld(found);
}

/** A lock is taken from nobody who may still be at work, unless somebody answers for it. */
function stillHeld(lock: LockState): Failure {
  const what =
    lock.holder === "alive"
      ? `the run that holds the lock of ${named(lock)} is alive (process ${lock.pid} on ${lock.host})`
      : `nobody knows from here whether the run that holds the lock of ${named(lock)} is gone (process ${lock.pid} on ${lock.host})`;
  const wait =
    lock.takeover === null || lock.holder === "alive"
      ? "stop that run first"
      : `unless it is renewed, the next run takes it over from ${writtenMoment(lock.takeover)} on`;
  return new Failure("refused", what, {
    hint: `${wait}; \`--force\` ends it all the same: ${CONSEQUENCE}`,
  });
}

/** What `--force` means. */
export const CONSEQUENCE =
  "that run writes nothing more, but a call that it has begun goes on, and two runs may be at work on the cluster until it ends";

/** What a store says to a write of a run that has no lock: a defect, and nothing is written. */
export function writtenWithoutLock(cluster: string): Failure {
  return new Failure(
    "locked",
    `the record of ${cluster} is written only under its lock, and this run has none`,
    {
      hint: "nothing was written; run it again",
    },
  );
}

/** The record is not as this run read it: what the other one wrote stays. */
export function changedMeanwhile(cluster: string): Failure {
  return new Failure("storage", `another run changed the record of ${cluster} at the same time`, {
    hint: "nothing was overwritten; run it again",
  });
}

/** The notice of a run that takes over a lock: whose it was, and why it may. */
export function leftBehind(lock: HeldLock, by: "time" | "process"): string {
  const { who, runUrl, pid, host, since, heartbeat, expires } = lock;
  const where = runUrl === undefined ? `process ${pid} on ${host}` : runUrl;
  const taken = `the lock of ${who} (${where}), taken on ${writtenDate(since)}`;
  if (by === "process") return `${taken}, was left behind: that process is gone; taking it over`;
  return `${taken} and last renewed on ${writtenDate(heartbeat ?? "")}, ran out on ${writtenDate(expires ?? "")}; taking it over`;
}

function named({ cluster }: Pick<HeldLock, "cluster">): string {
  return cluster ?? "every cluster";
}
