import { close, futimes, open } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isoTime } from "../iso-time.ts";
import { createExclusively, isErrno, namesIn, readIfThere, storageFailure } from "./files.ts";
import { lifeOf } from "./holder-process.ts";
import { parseFolderLock, takeoverOf } from "./lease.ts";
import { LEASE_MS } from "./lease-times.ts";
import { heldBySomebody, heldByUnknown, leftBehind } from "./lock-words.ts";
import type { HeldLock, LockState } from "./store.ts";

/**
 * The lock of one cluster: a folder of numbered files, of which the highest number counts.
 *
 *     7.json            who took it, whole from the start and never changed; its time is the last heartbeat
 *     7.free            it was given back
 *     7.json.*.new      on the way to be one
 *
 * Whoever finds 7 given back or its holder gone makes 8, which only one can; whoever finds a higher one after that
 * came late, and has nothing. Nothing has to be removed to take a lock over, so that a kill at any point leaves one
 * that can be judged as every other. The highest number stays, for ever; what is below it is swept.
 */
export class FolderLock {
  readonly #folder: string;
  readonly #cluster: string;

  constructor(folder: string, cluster: string) {
    this.#folder = folder;
    this.#cluster = cluster;
  }

  /** Takes it, or throws a `Failure` (`locked`). */
  async take(mine: HeldLock, now: number, notice: (message: string) => void): Promise<TakenFolderLock> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const top = await this.#top();
      const state = top === null || top.free ? null : await this.#stateOf(top, now);
      if (state !== null && state.holder !== "dead") throw heldBySomebody(state);
      const number = (top?.number ?? 0) + 1;
      if (!(await createExclusively(this.#file(number), `${JSON.stringify(mine)}\n`, now))) continue;
      if ((await this.#top())?.number !== number) {
        await rm(this.#file(number), { force: true });
        continue;
      }
      if (state !== null) notice(leftBehind(state, state.takeover === null ? "process" : "time"));
      await this.#sweep(number);
      return await TakenFolderLock.of(this, this.#file(number), number, mine.id);
    }
    throw heldByUnknown(`the lock ${this.#folder}`);
  }

  async state(now: number): Promise<LockState | null> {
    const top = await this.#top();
    return top === null || top.free ? null : await this.#stateOf(top, now);
  }

  /** Whether the lock is that of this number and id. */
  async isHeldAs(number: number, id: string): Promise<boolean> {
    const top = await this.#top();
    return top !== null && !top.free && top.number === number && top.lock?.id === id;
  }

  /** Gives it back, if it is still that of this id; the file of a number never changes. */
  async free(id: string, now: number): Promise<void> {
    const top = await this.#top();
    if (top === null || top.free || (top.lock?.id ?? UNREADABLE) !== id) return;
    await createExclusively(join(this.#folder, `${top.number}.free`), "", now);
  }

  async #top(): Promise<Top | null> {
    const names = await namesIn(this.#folder);
    const number = Math.max(0, ...names.map(numberOf));
    if (number === 0) return null;
    const text = await readIfThere(this.#file(number));
    // Swept between the two reads, so there is a higher one.
    if (text === null && !names.includes(`${number}.free`)) return await this.#top();
    return {
      number,
      free: names.includes(`${number}.free`),
      lock: text === null ? null : parseFolderLock(text),
    };
  }

  /** A holder that cannot be seen from here is gone when it was silent for so long that it gave up itself. */
  async #stateOf({ number, lock }: Top, now: number): Promise<LockState> {
    const heartbeat = await lastBeat(this.#file(number), now);
    const expires = isoTime(heartbeat + LEASE_MS);
    const takeover = takeoverOf({ expires });
    const seen = lock === null ? "unknown" : await lifeOf(processOf(lock));
    const held = lock ?? { ...UNKNOWN_HOLDER, since: isoTime(heartbeat) };
    return {
      ...held,
      cluster: this.#cluster,
      heartbeat: isoTime(heartbeat),
      expires,
      holder: seen === "unknown" && now >= takeover ? "dead" : seen,
      takeover: seen === "unknown" ? isoTime(takeover) : null,
    };
  }

  /** Also what a killed run had begun to write: whoever is alive and writing finds that its file is gone, and looks again. */
  async #sweep(number: number): Promise<void> {
    const names = await namesIn(this.#folder);
    const over = names.filter((name) => name.endsWith(".new") || numberOf(name) < number);
    await Promise.all(over.map((name) => rm(join(this.#folder, name), { force: true })));
  }

  #file(number: number): string {
    return join(this.#folder, `${number}.json`);
  }
}

interface Top {
  readonly number: number;
  readonly free: boolean;
  /** `null`: it cannot be read. */
  readonly lock: HeldLock | null;
}

const ATTEMPTS = 20;

/** What stands for the id of a lock that cannot be read. */
const UNREADABLE = "unreadable";

const UNKNOWN_HOLDER = {
  id: UNREADABLE,
  who: "somebody",
  why: "the lock cannot be read",
  host: "an unknown host",
  pid: 0,
};

/** A lock that this run took, held open: a heartbeat goes to this very file, whatever has its name. */
export class TakenFolderLock {
  readonly number: number;
  readonly #of: FolderLock;
  readonly #id: string;
  readonly #file: number;
  #touch: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(of: FolderLock, number: number, id: string, file: number) {
    this.#of = of;
    this.number = number;
    this.#id = id;
    this.#file = file;
  }

  static async of(lock: FolderLock, file: string, number: number, id: string): Promise<TakenFolderLock> {
    try {
      return new TakenFolderLock(lock, number, id, await promisify(open)(file, "r+"));
    } catch (error) {
      throw storageFailure("hold the lock", file, error);
    }
  }

  async isHeld(): Promise<boolean> {
    return await this.#of.isHeldAs(this.number, this.#id);
  }

  async beat(now: number): Promise<void> {
    if (this.#closed) return;
    this.#touch = promisify(futimes)(this.#file, now / 1000, now / 1000);
    await this.#touch;
  }

  async release(now: number): Promise<void> {
    if (!this.#closed) {
      // Its number goes to the next file that is opened: nothing may be on its way to it.
      this.#closed = true;
      await this.#touch.catch(() => {});
      await promisify(close)(this.#file);
    }
    await this.#of.free(this.#id, now);
  }
}

function processOf({ pid, place = null, started = null }: HeldLock) {
  return { pid, place, started };
}

async function lastBeat(file: string, now: number): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    // Swept: it was given back or taken over, and the next look tells which.
    if (isErrno(error, "ENOENT")) return now;
    throw storageFailure("read", file, error);
  }
}

function numberOf(name: string): number {
  const [, number] = /^(\d{1,15})\.(json|free)$/.exec(name) ?? [];
  return number === undefined ? 0 : Number(number);
}
