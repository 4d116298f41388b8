import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { parseRecord } from "./parse.ts";
import type { LockHolder, RecordStore } from "./store.ts";

/** What the lock file says; enough for a person to find the holder. */
interface LockFile extends LockHolder {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

/** The record in a folder, `.capstan` of the repository: for a single machine. */
export function folderStore(folder: string, clock: () => number): RecordStore {
  const recordFile = (cluster: string) => join(folder, "record", `${encodeURIComponent(cluster)}.json`);
  const lockFile = join(folder, "lock.json");
  return {
    async load(cluster) {
      const file = recordFile(cluster);
      const text = await readIfThere(file);
      return text === null ? emptyRecord(cluster) : parseRecord(text, file);
    },
    async save(record: ClusterRecord) {
      await writeDurably(recordFile(record.cluster), `${JSON.stringify(record, null, 2)}\n`);
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
    async lock(holder, notice) {
      const mine: LockFile = {
        ...holder,
        id: randomUUID(),
        host: hostname(),
        pid: process.pid,
        since: new Date(clock()).toISOString(),
      };
      await mkdir(folder, { recursive: true });
      if (!(await createExclusively(lockFile, mine))) {
        const theirs = await readLock(lockFile);
        if (theirs !== null && !isGone(theirs)) throw held(theirs, lockFile);
        notice(
          theirs === null
            ? `the lock ${lockFile} cannot be read; taking it over`
            : `the lock of ${theirs.who} (process ${theirs.pid}, since ${theirs.since}) was left behind; taking it over`,
        );
        await takeOver(lockFile, theirs, mine);
      }
      return { id: mine.id, release: () => releaseLock(lockFile, mine.id) };
    },
  };
}

/**
 * Two runs may find the same lock left behind; the claim, named after it, lets one of them through. The lock is
 * read again under the claim, so that a slow run cannot take away what a fast one has just made.
 */
async function takeOver(file: string, theirs: LockFile | null, mine: LockFile): Promise<void> {
  const claim = `${file}.${theirs?.id ?? "unreadable"}.claim`;
  if (!(await createExclusively(claim, mine))) throw heldByUnknown(file);
  try {
    const now = await readLock(file);
    if (now?.id !== theirs?.id) throw heldByUnknown(file);
    await rm(file, { force: true });
    if (!(await createExclusively(file, mine))) throw heldByUnknown(file);
  } finally {
    await rm(claim, { force: true });
  }
}

async function releaseLock(file: string, id: string): Promise<void> {
  const current = await readLock(file);
  if (current?.id === id) await rm(file, { force: true });
}

/** True when the lock is ours. The file appears whole or not at all. */
async function createExclusively(file: string, lock: LockFile): Promise<boolean> {
  try {
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(lock)}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw storageFailure("take the lock", file, error);
  }
}

async function readLock(file: string): Promise<LockFile | null> {
  const text = await readIfThere(file);
  if (text === null) return null;
  try {
    return JSON.parse(text) as LockFile;
  } catch {
    return null;
  }
}

/** Only a process of this machine can be seen to be gone; another machine's lock needs a person. */
function isGone(lock: LockFile): boolean {
  if (lock.host !== hostname()) return false;
  try {
    process.kill(lock.pid, 0);
    return false;
  } catch (error) {
    return isErrno(error, "ESRCH");
  }
}

function held(lock: LockFile, file: string): Failure {
  return new Failure(
    "locked",
    `${lock.who} holds the lock since ${lock.since} (process ${lock.pid} on ${lock.host}): ${lock.why}`,
    { hint: `wait until it is done; if that run is gone for good, remove ${file}` },
  );
}

function heldByUnknown(file: string): Failure {
  return new Failure("locked", `another run took the lock ${file} at the same moment`, {
    hint: "run it again",
  });
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
