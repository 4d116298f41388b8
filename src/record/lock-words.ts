import { Failure } from "../failure.ts";
import type { HeldLock } from "./store.ts";

/** Sentences about locks, the same for every backend. */

export function heldBySomebody(lock: HeldLock): Failure {
  const where = lock.runUrl === undefined ? `process ${lock.pid} on ${lock.host}` : lock.runUrl;
  const until = lock.expires === null ? "" : `, until ${lock.expires} unless it is renewed`;
  return new Failure(
    "locked",
    `${lock.who} holds the lock of ${lock.cluster} since ${lock.since} (${where})${until}: ${lock.why}`,
    {
      hint: `wait until it is done; if that run is gone for good, \`capstan lock release --id ${lock.id}\``,
    },
  );
}

export function heldByUnknown(what: string): Failure {
  return new Failure("locked", `another run took ${what} at the same moment`, {
    hint: "run it again",
  });
}

export function nobodyHolds(cluster: string): Failure {
  return new Failure("usage", `nobody holds the lock of ${cluster}`, { hint: "there is nothing to release" });
}

/** Why a run stops that believed in its lock. */
export function noLongerHeld(why: string): Failure {
  return new Failure("locked", `this run lost the lock: ${why}`, {
    hint: "nothing was written after that; look at `capstan status`, then run it again",
  });
}

export function noSuchLock(id: string): Failure {
  return new Failure("usage", `there is no lock with the id ${id}`, {
    hint: "look at `capstan lock show` again; the lock you meant is gone",
  });
}

export function anotherLock(lock: HeldLock, asked: string): Failure {
  return new Failure(
    "usage",
    `the lock of ${lock.cluster} has the id ${lock.id}, not ${asked}: ${lock.who} holds it since ${lock.since}`,
    {
      hint: "look at `capstan lock show` again; the lock you meant is gone",
    },
  );
}
