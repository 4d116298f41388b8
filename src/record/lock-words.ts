import { Failure } from "../failure.ts";
import type { HeldLock } from "./store.ts";

/** Sentences about locks, the same for every backend. */

export function heldBySomebody(lock: HeldLock): Failure {
  const where = lock.runUrl === undefined ? `process ${lock.pid} on ${lock.host}` : lock.runUrl;
  const until = lock.expires === null ? "" : `, until ${lock.expires} unless it is renewed`;
  return new Failure(
    "locked",
    `${lock.who} holds the lock since ${lock.since} (${where})${until}: ${lock.why}`,
    {
      hint: `wait until it is done; if that run is gone for good, \`capstan lock release --id ${lock.id}\``,
    },
  );
}

export function heldByUnknown(what: string): Failure {
  return new Failure("locked", `another run took the lock ${what} at the same moment`, {
    hint: "run it again",
  });
}

export function nobodyHolds(): Failure {
  return new Failure("usage", "nobody holds the lock", { hint: "there is nothing to release" });
}

export function anotherLock(lock: HeldLock, asked: string): Failure {
  return new Failure(
    "usage",
    `the lock has the id ${lock.id}, not ${asked}: ${lock.who} holds it since ${lock.since}`,
    {
      hint: "look at `capstan lock show` again; the lock you meant is gone",
    },
  );
}
