import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { anotherLock, heldBySomebody, heldByUnknown, nobodyHolds, noLongerHeld } from "./lock-words.ts";
import { parseRecord } from "./parse.ts";
import type { HeldLock, RecordStore } from "./store.ts";

/** The record in a folder, `.capstan` of the repository: for a single machine. */
export function folderStore(folder: string, clock: () => number): RecordStore {
  const recordFile = (cluster: string) => join(folder, "record", `${encodeURIComponent(cluster)}.json`);
  const locks = join(folder, "locks");
  const lockFile = (cluster: string) => join(locks, `${encodeURIComponent(cluster)}.json`);
  return {
    async load(cluster) {
      const file = recordFile(cluster);
      const text = await readIfThere(file);
      return text === null ? emptyRecord(cluster) : parseRecord(text, file);
    },
    async save(record: ClusterRecord) {
      await writeDurably(recordFile(record.cluster), `${JSON.stringify(record, null, 2)}\n`);
    },
    async backup(backup, sealed) {
      const name = backup.at.replaceAll(":", "-");
      const path = join(folder, "backup", encodeURIComponent(backup.cluster), name);
      if (sealed !== null) await writeDurably(`${path}.age`, sealed);
      await writeDurably(`${path}.json`, `${JSON.stringify(backup, null, 2)}\n`);
      return sealed === null ? `${path}.json` : `${path}.age`;
    },
    async append(entry) {
      await mkdir(folder, { recursive: true });
      const file = await open(join(folder, "journal.jsonl"), "a", 0o600);
      try {
        await file.appendFile(`${JSON.stringify(entry)}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
    async lock(cluster, holder, notice) {
      const file = lockFile(cluster);
      const mine: HeldLock = {
        ...holder,
        cluster,
        id: randomUUID(),
        host: hostname(),
        pid: process.pid,
        since: new Date(clock()).toISOString(),
        heartbeat: null,
        expires: null,
      };
      await mkdir(locks, { recursive: true });
      await take(file, mine, notice);
      // The lock lives as long as the process: nobody takes it away from a living one.
      const lost = new AbortController();
      return {
        cluster,
        id: mine.id,
        lost: lost.signal,
        async confirm() {
          lost.signal.throwIfAborted();
          const found = await readLock(file);
          if (found?.id === mine.id) return;
          const failure = noLongerHeld(found === null ? "somebody released it" : `${found.who} has it now`);
          lost.abort(failure);
          throw failure;
        },
        release: () => removeLock(file, mine.id),
      };
    },
    lockState: (cluster) => readLock(lockFile(cluster)),
    async locks() {
      const files = await readdir(locks).catch(() => []);
      const found = await Promise.all(
        files.filter((name) => name.endsWith(".json")).map((name) => readLock(join(locks, name))),
      );
      return found.filter((lock) => lock !== null).sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
    },
    async releaseLock(cluster, id) {
      const lock = await readLock(lockFile(cluster));
      if (lock === null) throw nobodyHolds(cluster);
      if (lock.id !== id) throw anotherLock(lock, id);
      await removeLock(lockFile(cluster), id);
      return lock;
    },
  };
}

async function take(file: string, mine: HeldLock, notice: (message: string) => void): Promise<void> {
  if (await createExclusively(file, mine)) return;
  const text = await readIfThere(file);
  // Released since: a lock that is not there must never be "taken over", as the next run may be making its own.
  if (text === null) {
    if (await createExclusively(file, mine)) return;
    throw heldByUnknown(`the lock ${file}`);
  }
  const theirs = parseLock(text);
  if (theirs !== null && !isGone(theirs)) throw heldBySomebody(theirs);
  notice(
    theirs === null
      ? `the lock ${file} cannot be read; taking it over`
      : `the lock of ${theirs.who} (process ${theirs.pid}, since ${theirs.since}) was left behind; taking it over`,
  );
  await takeOver(file, text, theirs?.id ?? "unreadable", mine);
}

/**
 * Two runs may find the same lock left behind; the claim, named after it, lets one of them through. The lock is
 * read again under the claim, so that a slow run cannot take away what a fast one has just made.
 */
async function takeOver(file: string, theirs: string, name: string, mine: HeldLock): Promise<void> {
  const claim = `${file}.${name}.claim`;
  if (!(await createExclusively(claim, mine))) throw heldByUnknown(`the lock ${file}`);
  try {
    if ((await readIfThere(file)) !== theirs) throw heldByUnknown(`the lock ${file}`);
    await rm(file, { force: true });
    if (!(await createExclusively(file, mine))) throw heldByUnknown(`the lock ${file}`);
  } finally {
    await rm(claim, { force: true });
  }
}

async function removeLock(file: string, id: string): Promise<void> {
  const current = await readLock(file);
  if (current?.id === id) await rm(file, { force: true });
}

/**
 * True when the lock is ours. The file appears whole or not at all: one that another run could read half-written
 * would look like a lock that was left behind.
 */
async function createExclusively(file: string, lock: HeldLock): Promise<boolean> {
  const beside = `${file}.${lock.id}.new`;
  try {
    await writeFile(beside, `${JSON.stringify(lock)}\n`, { mode: 0o600, flush: true });
    await link(beside, file);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw storageFailure("take the lock", file, error);
  } finally {
    await rm(beside, { force: true });
  }
}

async function readLock(file: string): Promise<HeldLock | null> {
  const text = await readIfThere(file);
  return text === null ? null : parseLock(text);
}

function parseLock(text: string): HeldLock | null {
  try {
    return JSON.parse(text) as HeldLock;
  } catch {
    return null;
  }
}

/** Only a process of this machine can be seen to be gone; another machine's lock needs a person. */
function isGone(lock: HeldLock): boolean {
  if (lock.host !== hostname()) return false;
  try {
    process.kill(lock.pid, 0);
    return false;
  } catch (error) {
    return isErrno(error, "ESRCH");
  }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw storageFailure("read", file, error);
  }
}

/** Written beside and renamed, so that a kill leaves the old file or the new one, never half of it. */
async function writeDurably(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}.new`;
  try {
    await mkdir(join(file, ".."), { recursive: true });
    const handle = await open(beside, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw storageFailure("write", file, error);
  }
}

function storageFailure(what: string, file: string, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Failure("storage", `cannot ${what} ${file}: ${why}`, {
    hint: "check the permissions and the free space of this folder",
    cause,
  });
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
