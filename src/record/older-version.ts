import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isoTime } from "../iso-time.ts";
import { createExclusively, readIfThere } from "./files.ts";
import { exists } from "./holder-process.ts";
import { type Lease, parseFolderLock, parseLeaseOfAll, takeoverOf } from "./lease.ts";
import { heldBySomebody, heldByUnknown } from "./lock-words.ts";
import type { HeldLock, LockState } from "./store.ts";

/**
 * 0.1.0 had one lock for all clusters, and knows nothing of those that came after. It is respected while its holder
 * lives; then it is replaced by one that no 0.1.0 ever takes for left behind: in a folder it never takes the lock of
 * another host, in refs never one that has not run out.
 */
const GUARD = {
  id: "held-by-a-newer-version",
  who: "a newer version of capstan",
  why: "it has a lock for each cluster, and this version would not see them; use the newer one",
  host: "every host",
  pid: 0,
} as const;

const NEVER = "9999-12-31T23:59:59.999Z";

/** Whether it is the lock that only keeps 0.1.0 out. */
export function isGuard({ id }: HeldLock): boolean {
  return id === GUARD.id;
}

/** What stands in refs in place of the lock of 0.1.0. `now`: milliseconds since the epoch. */
export function guardLease(now: number): Lease {
  return { cluster: null, ...GUARD, since: isoTime(now), heartbeat: isoTime(now), expires: NEVER, beats: 0 };
}

/** The lock of 0.1.0 in refs, or what stands in its place. */
export function olderLease(text: string): Lease | null {
  return parseLeaseOfAll(text);
}

/** As 0.1.0 judges its lock in refs: by time alone. `now`: milliseconds since the epoch. */
export function stateOfOlderLease(lease: Lease, now: number): LockState {
  const takeover = takeoverOf(lease);
  return { ...lease, holder: now >= takeover ? "dead" : "unknown", takeover: isoTime(takeover) };
}

/** The lock of 0.1.0 in a folder, while it stands; `null` where there is none that anybody may hold. */
export async function olderLockIn(folder: string): Promise<LockState | null> {
  const text = await readIfThere(fileIn(folder));
  const lock = text === null ? null : parseFolderLock(text);
  return lock === null || isGuard(lock) ? null : stateOf(lock);
}

/**
 * Removes the lock of 0.1.0 if it still has this id: another one was taken since, and is not ours to remove.
 */
export async function removeOlderLock(folder: string, id: string): Promise<void> {
  if ((await olderLockIn(folder))?.id === id) await rm(fileIn(folder), { force: true });
}

/** Sees to it that every 0.1.0 finds the folder locked, or throws a `Failure` (`locked`) while one holds it. */
export async function keepOlderOut(folder: string, now: number): Promise<void> {
  const file = fileIn(folder);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const text = await readIfThere(file);
    const lock = text === null ? null : parseFolderLock(text);
    if (lock !== null && isGuard(lock)) return;
    if (lock !== null) {
      const state = stateOf(lock);
      if (state.holder !== "dead") throw heldBySomebody(state);
    }
    const done = text === null ? await putGuard(file, now) : await replace(file, text, lock, now);
    if (done) return;
  }
  throw heldByUnknown(`the lock ${file}`);
}

const ATTEMPTS = 5;

function fileIn(folder: string): string {
  return join(folder, "lock.json");
}

async function putGuard(file: string, now: number): Promise<boolean> {
  const guard: HeldLock = { cluster: null, ...GUARD, since: isoTime(now), heartbeat: null, expires: null };
  return await createExclusively(file, `${JSON.stringify(guard)}\n`, now);
}

/** As 0.1.0 takes over itself: under a claim that is named after the lock, so that both cannot do it at once. */
async function replace(file: string, text: string, lock: HeldLock | null, now: number): Promise<boolean> {
  const claim = `${file}.${encodeURIComponent(lock?.id ?? "unreadable")}.claim`;
  const mine: HeldLock = {
    cluster: null,
    id: randomUUID(),
    who: GUARD.who,
    why: "takes over the lock of an older version",
    host: hostname(),
    pid: process.pid,
    since: isoTime(now),
    heartbeat: null,
    expires: null,
  };
  if (!(await createExclusively(claim, `${JSON.stringify(mine)}\n`, now))) {
    const left = parseFolderLock((await readIfThere(claim)) ?? "");
    // One that was killed under its claim left it behind.
    if (left === null || stateOf(left).holder === "dead") await rm(claim, { force: true });
    return false;
  }
  try {
    if ((await readIfThere(file)) !== text) return false;
    await rm(file, { force: true });
    return await putGuard(file, now);
  } finally {
    await rm(claim, { force: true });
  }
}

/** As 0.1.0 judges: all that its lock tells is a host and a number. */
function stateOf(lock: HeldLock): LockState {
  if (lock.host !== hostname()) return { ...lock, holder: "unknown", takeover: null };
  return { ...lock, holder: exists(lock.pid) ? "alive" : "dead", takeover: null };
}
