import { randomUUID } from "node:crypto";
import { Failure } from "../failure.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { type Clocks, clocksAround, readClocks } from "./clocks.ts";
import { lifeOf, thisProcess } from "./holder-process.ts";
import { iso, type Lease, parseLease, renewLease, takeLease, takeoverOf } from "./lease.ts";
import {
  anotherLock,
  heldBySomebody,
  heldByUnknown,
  leftBehind,
  nobodyHolds,
  stillHeld,
  writtenWithoutLock,
} from "./lock-words.ts";
import { guardLease, isGuard, olderLease, stateOfOlderLease } from "./older-version.ts";
import { parseRecord } from "./parse.ts";
import { type RefMove, RemoteRefs, refComponent } from "./refs-git.ts";
import type {
  AuthorityBackup,
  HeldLock,
  JournalEntry,
  Lock,
  LockHolder,
  LockState,
  LockToRelease,
  RecordStore,
  Whereabouts,
} from "./store.ts";
import { everyFew, type Repeat, Tenure } from "./tenure.ts";
import {
  backupWithoutSecrets,
  entryWithoutSecrets,
  holderWithoutSecrets,
  recordWithoutSecrets,
} from "./without-secrets.ts";

/**
 * The record in refs of the git remote: what a runner that forgets everything finds again, with no server to run.
 *
 *     refs/capstan/locks/<cluster>    lock.json: who is at work on it; its oid changes with every write
 *     refs/capstan/lock               keeps versions out that had one lock for all clusters
 *     refs/capstan/record/<cluster>   record.json, one commit for each change
 *     refs/capstan/journal/<cluster>  entry.json, one commit for each entry
 *     refs/capstan/backup/<cluster>   backup.json, the public state of the CAs before a rotation; backup.age, the full
 *                                     one, where it is sealed
 *
 * Every write is a compare-and-swap, and moves the lock of the cluster in the same atomic push, so that a run which
 * lost its lease can write nothing, however late its push arrives.
 */
export interface RefsStoreOptions {
  /** Any folder of the clone. */
  readonly folder: string;
  /** Name of the remote. */
  readonly remote?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** By what a lease is measured; by default, this machine's around `clock`. */
  readonly clocks?: Clocks;
  /** Calls `beat` again and again until it is stopped; a timer by default. */
  readonly repeat?: Repeat;
}

const LOCK_OF_ALL = "refs/capstan/lock";

const LOCKS = "refs/capstan/locks/";

const ATTEMPTS = 5;

export function refsStore(options: RefsStoreOptions): RecordStore {
  return new RefsStore(options);
}

interface Held {
  readonly ref: string;
  readonly tenure: Tenure;
  lease: Lease;
  oid: string;
}

interface Found {
  readonly lease: Lease;
  readonly oid: string;
}

class RefsStore implements RecordStore {
  readonly #refs: RemoteRefs;
  readonly #clocks: Clocks;
  readonly #repeat: Repeat;
  /** Where each ref stood when this run last read or wrote it. */
  readonly #known = new Map<string, string | null>();
  readonly #held = new Map<string, Held>();
  /** What concerns one cluster goes one after the other: each write moves its lock. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor({ folder, remote = "origin", env, clock, clocks, repeat = everyFew }: RefsStoreOptions) {
    this.#refs = new RemoteRefs(folder, remote, env);
    this.#clocks = clocks ?? clocksAround(clock);
    this.#repeat = repeat;
  }

  async load(cluster: string): Promise<ClusterRecord> {
    const ref = recordRef(cluster);
    const tip = await this.#refs.tip(ref);
    this.#known.set(ref, tip);
    if (tip === null) return emptyRecord(cluster);
    const text = await this.#refs.read(tip, "record.json");
    return parseRecord(text ?? "", `${ref} of ${this.#refs.remote}`, cluster);
  }

  async whereabouts(cluster: string): Promise<Whereabouts> {
    const ref = recordRef(cluster);
    const home = `${ref} of ${this.#refs.remote}`;
    return { kind: "refs", home, found: (await this.#refs.tip(ref)) === null ? null : home, unread: null };
  }

  async save(record: ClusterRecord): Promise<void> {
    await this.#inTurn(record.cluster, async () => {
      const ref = recordRef(record.cluster);
      const from = await this.#standingOf(ref);
      const text = `${JSON.stringify(recordWithoutSecrets(record), null, 2)}\n`;
      const to = await this.#refs.commit(
        { "record.json": text },
        from,
        `record of ${record.cluster}\n`,
        this.#clocks.wall(),
      );
      if (await this.#move(record.cluster, { ref, from, to })) return;
      throw new Failure("storage", `another run changed the record of ${record.cluster} at the same time`, {
        hint: "nothing was overwritten; run it again",
      });
    });
  }

  async append(entry: JournalEntry): Promise<void> {
    const ref = `refs/capstan/journal/${refComponent(entry.cluster)}`;
    const subject = `${entry.rotation} ${entry.authority} ${entry.from} → ${entry.to}: ${entry.what}\n`;
    await this.#add(
      entry.cluster,
      ref,
      { "entry.json": `${JSON.stringify(entryWithoutSecrets(entry))}\n` },
      subject,
    );
  }

  async backup(backup: AuthorityBackup, sealed: string | null): Promise<string> {
    const ref = `refs/capstan/backup/${refComponent(backup.cluster)}`;
    const text = `${JSON.stringify(backupWithoutSecrets(backup), null, 2)}\n`;
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
    return await this.#inTurn(cluster, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const from = await this.#standingOf(ref);
        const to = await this.#refs.commit(files, from, subject, this.#clocks.wall());
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
      const since = readClocks(this.#clocks);
      const [found, guard] = await Promise.all([this.#lockFound(ref), this.#keepOlderOut(since.wall)]);
      if (found !== null) await insistOnGone(found.lease, since.wall);
      const wish = {
        cluster,
        id: randomUUID(),
        holder: holderWithoutSecrets(holder),
        process: await thisProcess(),
      };
      const lease = takeLease(wish, since.wall);
      const from = found?.oid ?? null;
      const oid = await this.#lockCommit(lease, from);
      if (await this.#refs.move([{ ref, from, to: oid }, ...guard])) {
        if (found !== null) notice(leftBehind(found.lease, "time"));
        const tenure = new Tenure({ cluster, clocks: this.#clocks, repeat: this.#repeat, notice, since });
        return this.#hold({ ref, tenure, lease, oid }, cluster, notice);
      }
    }
    throw heldByUnknown(`${ref} of ${this.#refs.remote}`);
  }

  /** The move that shuts out versions with one lock for all, none where it was made before. */
  async #keepOlderOut(now: number): Promise<readonly RefMove[]> {
    const oid = await this.#refs.tip(LOCK_OF_ALL);
    const older = oid === null ? null : await this.#olderLock(oid);
    if (older !== null && isGuard(older)) return [];
    if (older !== null) {
      const state = stateOfOlderLease(older, now);
      if (state.holder !== "dead") throw heldBySomebody(state);
    }
    return [{ ref: LOCK_OF_ALL, from: oid, to: await this.#lockCommit(guardLease(now), oid) }];
  }

  async #olderLock(oid: string): Promise<Lease> {
    const lease = olderLease((await this.#refs.read(oid, "lock.json")) ?? "");
    if (lease === null) throw this.#unreadable(LOCK_OF_ALL);
    return lease;
  }

  async lockState(cluster: string): Promise<LockState | null> {
    const found = await this.#lockFound(lockRef(cluster));
    return found === null ? null : await stateOf(found.lease, this.#clocks.wall());
  }

  async locks(): Promise<readonly LockState[]> {
    const now = this.#clocks.wall();
    const refs = [...(await this.#refs.below(LOCKS))].sort();
    const [own, older] = await Promise.all([
      Promise.all(refs.map((ref) => this.#lockFound(ref))),
      this.#refs.tip(LOCK_OF_ALL),
    ]);
    const states = await Promise.all(
      own.flatMap((lock) => (lock === null ? [] : [stateOf(lock.lease, now)])),
    );
    const all = older === null ? null : await this.#olderLock(older);
    return all === null || isGuard(all) ? states : [...states, stateOfOlderLease(all, now)];
  }

  async releaseLock({ cluster, id, force }: LockToRelease): Promise<HeldLock> {
    const ref = cluster === null ? LOCK_OF_ALL : lockRef(cluster);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = cluster === null ? await this.#olderFound() : await this.#lockFound(ref);
      if (found === null) throw nobodyHolds(cluster);
      if (found.lease.id !== id) throw anotherLock(found.lease, id);
      const now = this.#clocks.wall();
      const state = cluster === null ? stateOfOlderLease(found.lease, now) : await stateOf(found.lease, now);
      if (state.holder !== "dead" && !force) throw stillHeld(state);
      // Its holder may renew it in between; it is still the same lock.
      if (await this.#refs.move([{ ref, from: found.oid, to: null }])) return found.lease;
    }
    throw heldByUnknown(`${ref} of ${this.#refs.remote}`);
  }

  async #olderFound(): Promise<Found | null> {
    const oid = await this.#refs.tip(LOCK_OF_ALL);
    return oid === null ? null : { oid, lease: await this.#olderLock(oid) };
  }

  async #lockFound(ref: string): Promise<Found | null> {
    const oid = await this.#refs.tip(ref);
    if (oid === null) return null;
    const lease = parseLease((await this.#refs.read(oid, "lock.json")) ?? "");
    if (lease !== null) return { lease, oid };
    throw this.#unreadable(ref);
  }

  #unreadable(ref: string): Failure {
    const { remote } = this.#refs;
    return new Failure("locked", `the lock ${ref} of ${remote} cannot be read: nobody knows whose it is`, {
      hint: `find out who wrote it (\`git fetch ${remote} ${ref}\`, \`git show FETCH_HEAD\`), then \`git push ${remote} :${ref}\``,
    });
  }

  /** On top of the lock before it, as some servers refuse every push that is no fast-forward. */
  async #lockCommit(lease: Lease, parent: string | null): Promise<string> {
    const text = `${JSON.stringify(lease, null, 2)}\n`;
    const subject = `lock of ${lease.who}: ${lease.why}\n`;
    return await this.#refs.commit({ "lock.json": text }, parent, subject, this.#clocks.wall());
  }

  #hold(held: Held, cluster: string, notice: (message: string) => void): Lock {
    this.#held.set(cluster, held);
    held.tenure.start(() => this.#inTurn(cluster, () => this.#renew(held)));
    return {
      cluster,
      id: held.lease.id,
      lost: held.tenure.lost,
      confirm: () => this.#inTurn(cluster, () => this.#confirm(held)),
      release: () => this.#inTurn(cluster, () => this.#release(held, cluster, notice)),
    };
  }

  /** The clocks once more after the look, as the process may have slept in between. */
  async #confirm(held: Held): Promise<void> {
    held.tenure.insist();
    await this.#lookAtHome(held);
    held.tenure.insist();
  }

  /** Whose the lock is where it is kept. A push of ours that was given up as lost may have arrived after all. */
  async #lookAtHome(held: Held): Promise<void> {
    const found = await this.#lockFound(held.ref);
    if (found === null) throw held.tenure.lose("somebody released it");
    const { lease, oid } = found;
    if (lease.id !== held.lease.id) throw held.tenure.lose(`${lease.who} took it over at ${lease.since}`);
    held.lease = lease;
    held.oid = oid;
  }

  /** Without a word from the remote that it was taken, a renewal has failed, whatever the reason. */
  async #renew(held: Held): Promise<void> {
    if (await this.#push(held, [])) return;
    throw new Failure("storage", `${this.#refs.remote} does not let ${held.ref} be moved`);
  }

  async #release(held: Held, cluster: string, notice: (message: string) => void): Promise<void> {
    held.tenure.end();
    if (this.#held.get(cluster) === held) this.#held.delete(cluster);
    try {
      const found = await this.#lockFound(held.ref);
      if (found?.lease.id !== held.lease.id) return;
      if (await this.#refs.move([{ ref: held.ref, from: found.oid, to: null }])) return;
      notice(`the lock of ${cluster} could not be released and ends at ${held.lease.expires} by itself`);
    } catch (error) {
      // What was done is done, and is not to end in an error over this: the lease ends by itself.
      const why = error instanceof Error ? error.message : String(error);
      notice(
        `the lock of ${cluster} could not be released and ends at ${held.lease.expires} by itself: ${why}`,
      );
    }
  }

  async #standingOf(ref: string): Promise<string | null> {
    const known = this.#known.get(ref);
    return known === undefined ? await this.#refs.tip(ref) : known;
  }

  /** One write, with the lock in the same push. `false`: somebody moved the ref meanwhile. */
  async #move(cluster: string, move: RefMove): Promise<boolean> {
    const held = this.#held.get(cluster);
    if (held === undefined) throw writtenWithoutLock(cluster);
    // A push of ours that was thought to be lost may move the lock in between: then it is sent again.
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const before = held.oid;
      if (await this.#push(held, [move])) {
        this.#known.set(move.ref, move.to);
        return true;
      }
      if (held.oid === before) return false;
    }
    return false;
  }

  async #push(held: Held, moves: readonly RefMove[]): Promise<boolean> {
    held.tenure.insist();
    const at = held.tenure.read();
    const lease = renewLease(held.lease, at.wall);
    const oid = await this.#lockCommit(lease, held.oid);
    if (await this.#refs.move([...moves, { ref: held.ref, from: held.oid, to: oid }])) {
      held.lease = lease;
      held.oid = oid;
      held.tenure.renewed(at);
      return true;
    }
    await this.#lookAtHome(held);
    return false;
  }

  async #inTurn<Result>(cluster: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.#queues.get(cluster) ?? Promise.resolve()).then(work);
    this.#queues.set(
      cluster,
      result.catch(() => {}),
    );
    return await result;
  }
}

/** Among machines time alone decides; where its process can be seen, a person is told whether it runs. */
async function stateOf(lease: Lease, now: number): Promise<LockState> {
  const takeover = takeoverOf(lease);
  const { pid, place = null, started = null } = lease;
  const life = await lifeOf({ pid, place, started });
  return { ...lease, holder: life === "unknown" && now >= takeover ? "dead" : life, takeover: iso(takeover) };
}

async function insistOnGone(lease: Lease, now: number): Promise<void> {
  if (now >= takeoverOf(lease)) return;
  throw heldBySomebody(await stateOf(lease, now));
}

function lockRef(cluster: string): string {
  return `${LOCKS}${refComponent(cluster)}`;
}

function recordRef(cluster: string): string {
  return `refs/capstan/record/${refComponent(cluster)}`;
}
