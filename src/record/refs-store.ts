import { randomUUID } from "node:crypto";
import { Failure } from "../failure.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import {
  HEARTBEAT_MS,
  hasRunOut,
  type Lease,
  mayBeTakenOver,
  parseLease,
  renewLease,
  takeLease,
} from "./lease.ts";
import { anotherLock, heldBySomebody, heldByUnknown, nobodyHolds, noLongerHeld } from "./lock-words.ts";
import { parseRecord } from "./parse.ts";
import { type RefMove, RemoteRefs, refComponent } from "./refs-git.ts";
import type { AuthorityBackup, HeldLock, JournalEntry, Lock, LockHolder, RecordStore } from "./store.ts";

/**
 * The record in refs of the git remote: what a runner that forgets everything finds again, with no server to run.
 *
 *     refs/capstan/locks/<cluster>    lock.json: who is at work on it; its oid changes with every write
 *     refs/capstan/record/<cluster>   record.json, one commit for each change
 *     refs/capstan/journal/<cluster>  entry.json, one commit for each entry
 *     refs/capstan/backup/<cluster>   backup.json, the public state of the CAs before a rotation; backup.age, the full
 *                                     one, where it is sealed
 *
 * Every write is a compare-and-swap. A run that holds the lock of the cluster moves it in the same atomic push, so that a run
 * which lost its lease can write nothing, however late its push arrives.
 */
export interface RefsStoreOptions {
  /** Any folder of the clone. */
  readonly folder: string;
  /** Name of the remote. */
  readonly remote?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Calls `beat` again and again until it is stopped; a timer by default. */
  readonly repeat?: Repeat;
}

export type Repeat = (beat: () => void, ms: number) => () => void;

const LOCKS = "refs/capstan/locks/";

const ATTEMPTS = 5;

export function refsStore(options: RefsStoreOptions): RecordStore {
  return new RefsStore(options);
}

interface Held {
  readonly ref: string;
  lease: Lease;
  oid: string;
  readonly lost: AbortController;
  stop: () => void;
}

class RefsStore implements RecordStore {
  readonly #refs: RemoteRefs;
  readonly #clock: () => number;
  readonly #repeat: Repeat;
  /** Where each ref stood when this run last read or wrote it. */
  readonly #known = new Map<string, string | null>();
  readonly #held = new Map<string, Held>();
  /** Writes go one after the other: each one moves the lock of its cluster. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ folder, remote = "origin", env, clock, repeat = everyFew }: RefsStoreOptions) {
    this.#refs = new RemoteRefs(folder, remote, env);
    this.#clock = clock;
    this.#repeat = repeat;
  }

  async load(cluster: string): Promise<ClusterRecord> {
    const ref = recordRef(cluster);
    const tip = await this.#refs.tip(ref);
    this.#known.set(ref, tip);
    if (tip === null) return emptyRecord(cluster);
    const text = await this.#refs.read(tip, "record.json");
    return parseRecord(text ?? "", `${ref} of ${this.#refs.remote}`);
  }

  async save(record: ClusterRecord): Promise<void> {
    await this.#inTurn(async () => {
      const ref = recordRef(record.cluster);
      const from = await this.#standingOf(ref);
      const text = `${JSON.stringify(record, null, 2)}\n`;
      const to = await this.#refs.commit(
        { "record.json": text },
        from,
        `record of ${record.cluster}\n`,
        this.#clock(),
      );
      if (await this.#move(record.cluster, { ref, from, to })) return;
      this.#known.delete(ref);
      throw new Failure("storage", `another run changed the record of ${record.cluster} at the same time`, {
        hint: "nothing was overwritten; run it again",
      });
    });
  }

  async append(entry: JournalEntry): Promise<void> {
    const ref = `refs/capstan/journal/${refComponent(entry.cluster)}`;
    const subject = `${entry.rotation} ${entry.authority} ${entry.from} → ${entry.to}: ${entry.what}\n`;
    await this.#add(entry.cluster, ref, { "entry.json": `${JSON.stringify(entry)}\n` }, subject);
  }

  async backup(backup: AuthorityBackup, sealed: string | null): Promise<string> {
    const ref = `refs/capstan/backup/${refComponent(backup.cluster)}`;
    const text = `${JSON.stringify(backup, null, 2)}\n`;
    const files = { "backup.json": text, ...(sealed === null ? {} : { "backup.age": sealed }) };
    const commit = await this.#add(backup.cluster, ref, files, `CAs of ${backup.cluster}\n`);
    return `${commit} of ${ref}`;
  }

  /** On top of whatever stands there; gives the commit. */
  async #add(
    cluster: string,
    ref: string,
    files: Readonly<Record<string, string>>,
    subject: string,
  ): Promise<string> {
    return await this.#inTurn(async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const from = await this.#standingOf(ref);
        const to = await this.#refs.commit(files, from, subject, this.#clock());
        if (await this.#move(cluster, { ref, from, to })) return to;
        this.#known.delete(ref);
      }
      throw new Failure("storage", `${ref} could not be written: other runs write it all the time`, {
        hint: "run it again",
      });
    });
  }

  async lock(cluster: string, holder: LockHolder, notice: (message: string) => void): Promise<Lock> {
    const ref = lockRef(cluster);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const now = this.#clock();
      const found = await this.#lockFound(ref);
      if (found !== null && !mayBeTakenOver(found.lease, now)) throw heldBySomebody(found.lease);
      const lease = takeLease(cluster, randomUUID(), holder, now);
      const from = found?.oid ?? null;
      const oid = await this.#lockCommit(lease, from);
      if (await this.#refs.move([{ ref, from, to: oid }])) {
        if (found !== null) notice(leftBehind(found.lease));
        return this.#hold(ref, lease, oid, notice);
      }
    }
    throw heldByUnknown(`${ref} of ${this.#refs.remote}`);
  }

  async lockState(cluster: string): Promise<HeldLock | null> {
    return (await this.#lockFound(lockRef(cluster)))?.lease ?? null;
  }

  async locks(): Promise<readonly HeldLock[]> {
    const refs = [...(await this.#refs.below(LOCKS))].sort();
    const found = await Promise.all(refs.map((ref) => this.#lockFound(ref)));
    return found.flatMap((lock) => (lock === null ? [] : [lock.lease]));
  }

  async releaseLock(cluster: string, id: string): Promise<HeldLock> {
    const ref = lockRef(cluster);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await this.#lockFound(ref);
      if (found === null) throw nobodyHolds(cluster);
      if (found.lease.id !== id) throw anotherLock(found.lease, id);
      // Its holder may renew it in between; it is still the same lock.
      if (await this.#refs.move([{ ref, from: found.oid, to: null }])) return found.lease;
    }
    throw heldByUnknown(`${ref} of ${this.#refs.remote}`);
  }

  async #lockFound(ref: string): Promise<{ readonly lease: Lease; readonly oid: string } | null> {
    const oid = await this.#refs.tip(ref);
    if (oid === null) return null;
    const lease = parseLease((await this.#refs.read(oid, "lock.json")) ?? "");
    if (lease !== null) return { lease, oid };
    throw new Failure(
      "locked",
      `the lock ${ref} of ${this.#refs.remote} cannot be read: nobody knows whose it is`,
      {
        hint: `find out who wrote it (\`git fetch ${this.#refs.remote} ${ref}\`, \`git show FETCH_HEAD\`), then \`git push ${this.#refs.remote} :${ref}\``,
      },
    );
  }

  /** On top of the lock before it, as some servers refuse every push that is no fast-forward. */
  async #lockCommit(lease: Lease, parent: string | null): Promise<string> {
    const text = `${JSON.stringify(lease, null, 2)}\n`;
    const subject = `lock of ${lease.who}: ${lease.why}\n`;
    return await this.#refs.commit({ "lock.json": text }, parent, subject, this.#clock());
  }

  #hold(ref: string, lease: Lease, oid: string, notice: (message: string) => void): Lock {
    const held: Held = { ref, lease, oid, lost: new AbortController(), stop: () => {} };
    this.#held.set(lease.cluster, held);
    held.stop = this.#repeat(() => void this.#inTurn(() => this.#beat(held)), HEARTBEAT_MS);
    return {
      cluster: lease.cluster,
      id: lease.id,
      lost: held.lost.signal,
      confirm: () => this.#inTurn(() => this.#confirm(held)),
      release: () => this.#inTurn(() => this.#release(held, notice)),
    };
  }

  #isHeld(held: Held): boolean {
    return this.#held.get(held.lease.cluster) === held;
  }

  async #confirm(held: Held): Promise<void> {
    held.lost.signal.throwIfAborted();
    if (hasRunOut(held.lease, this.#clock())) {
      throw this.#lose(held, noLongerHeld(`its lease ran out at ${held.lease.expires}`));
    }
    const found = await this.#lockFound(held.ref);
    if (found?.oid !== held.oid) throw this.#lose(held, noLongerHeld(howItWent(found?.lease)));
  }

  /** A beat that fails is no harm, as long as a later one comes through in time. */
  async #beat(held: Held): Promise<void> {
    if (!this.#isHeld(held)) return;
    try {
      await this.#move(held.lease.cluster, null);
    } catch (error) {
      if (held.lost.signal.aborted || !hasRunOut(held.lease, this.#clock())) return;
      const why = error instanceof Error ? error.message : String(error);
      this.#lose(
        held,
        noLongerHeld(`it could not be renewed before it ran out at ${held.lease.expires}: ${why}`),
      );
    }
  }

  async #release(held: Held, notice: (message: string) => void): Promise<void> {
    held.stop();
    if (!this.#isHeld(held)) return;
    this.#held.delete(held.lease.cluster);
    try {
      await this.#refs.move([{ ref: held.ref, from: held.oid, to: null }]);
    } catch (error) {
      // What was done is done, and is not to end in an error over this: the lease ends by itself.
      const why = error instanceof Error ? error.message : String(error);
      notice(`the lock could not be released and ends at ${held.lease.expires} by itself: ${why}`);
    }
  }

  async #standingOf(ref: string): Promise<string | null> {
    const known = this.#known.get(ref);
    return known === undefined ? await this.#refs.tip(ref) : known;
  }

  /** One write; with the lock in the same push where it is held. `false`: somebody moved the ref meanwhile. */
  async #move(cluster: string, move: RefMove | null): Promise<boolean> {
    const held = this.#held.get(cluster);
    held?.lost.signal.throwIfAborted();
    const moves = move === null ? [] : [move];
    if (held === undefined) return await this.#done(moves);
    const lease = renewLease(held.lease, this.#clock());
    const oid = await this.#lockCommit(lease, held.oid);
    if (await this.#done([...moves, { ref: held.ref, from: held.oid, to: oid }])) {
      held.lease = lease;
      held.oid = oid;
      return true;
    }
    const found = await this.#lockFound(held.ref);
    if (found?.oid === held.oid) return false;
    throw this.#lose(held, noLongerHeld(howItWent(found?.lease)));
  }

  async #done(moves: readonly RefMove[]): Promise<boolean> {
    const moved = await this.#refs.move(moves);
    if (moved) for (const { ref, to } of moves) this.#known.set(ref, to);
    return moved;
  }

  #lose(held: Held, failure: Failure): Failure {
    held.stop();
    held.lost.abort(failure);
    return failure;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }
}

function lockRef(cluster: string): string {
  return `${LOCKS}${refComponent(cluster)}`;
}

function howItWent(found: Lease | undefined): string {
  return found === undefined ? "somebody released it" : `${found.who} took it over at ${found.since}`;
}

function recordRef(cluster: string): string {
  return `refs/capstan/record/${refComponent(cluster)}`;
}

function leftBehind({ who, runUrl, since, heartbeat, expires }: Lease): string {
  const where = runUrl === undefined ? "" : ` (${runUrl})`;
  return `the lock of ${who}${where}, taken at ${since} and last renewed at ${heartbeat}, ran out at ${expires}; taking it over`;
}

/** Does not keep the process alive. */
const everyFew: Repeat = (beat, ms) => {
  const timer = setInterval(beat, ms);
  timer.unref();
  return () => clearInterval(timer);
};
