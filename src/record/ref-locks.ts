import { randomUUID } from "node:crypto";
import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import { writtenDate, writtenMoment } from "../written-date.ts";
import { type Clocks, readClocks } from "./clocks.ts";
import { type HeldHere, HeldLocks, type LockHome } from "./held-locks.ts";
import { lifeOf, thisProcess } from "./holder-process.ts";
import { type Lease, parseLease, renewLease, takeLease, takeoverOf } from "./lease.ts";
import { heldBySomebody, heldByUnknown, insistOnRelease, leftBehind, nobodyHolds } from "./lock-words.ts";
import { guardLease, isGuard, olderLease, stateOfOlderLease } from "./older-version.ts";
import { refComponent } from "./ref-component.ts";
import type { RefMove, RemoteRefs } from "./remote-refs.ts";
import type { HeldLock, Lock, LockHolder, LockState, LockToRelease } from "./store.ts";
import { type Repeat, Tenure } from "./tenure.ts";
import { holderWithoutSecrets } from "./texts.ts";

const LOCK_OF_ALL = "refs/capstan/lock";

const LOCKS = "refs/capstan/locks/";

const ATTEMPTS = 5;

/** A lock of this run, as it last saw it at the remote. */
interface Held extends HeldHere {
  readonly ref: string;
  readonly notice: (message: string) => void;
  lease: Lease;
  oid: string;
}

interface Found {
  readonly lease: Lease;
  readonly oid: string;
}

/** The locks in refs of the remote: leases, of which each change is a compare-and-swap. */
export class RefLocks implements LockHome<Held> {
  readonly #refs: RemoteRefs;
  readonly #clocks: Clocks;
  readonly #repeat: Repeat;
  readonly #held = new HeldLocks<Held>(this);
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(refs: RemoteRefs, clocks: Clocks, repeat: Repeat) {
    this.#refs = refs;
    this.#clocks = clocks;
    this.#repeat = repeat;
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
        return this.#held.hold({ cluster, id: lease.id, ref, tenure, notice, lease, oid });
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

  async releaseLock(asked: LockToRelease): Promise<HeldLock> {
    const { cluster } = asked;
    const ref = cluster === null ? LOCK_OF_ALL : lockRef(cluster);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = cluster === null ? await this.#olderFound() : await this.#lockFound(ref);
      if (found === null) throw nobodyHolds(cluster);
      const now = this.#clocks.wall();
      const state = cluster === null ? stateOfOlderLease(found.lease, now) : await stateOf(found.lease, now);
      insistOnRelease(state, asked);
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
    return oid === null ? null : await this.#lockAt(ref, oid);
  }

  async #lockAt(ref: string, oid: string): Promise<Found> {
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

  /** Whose the lock is where it is kept. A push of ours that was given up as lost may have arrived after all. */
  async insistAtHome(held: Held): Promise<void> {
    const tip = await this.#refs.tip(held.ref);
    if (tip === held.oid) return;
    const found = tip === null ? null : await this.#lockAt(held.ref, tip);
    if (found === null) throw held.tenure.lose("somebody released it, or what answers is behind");
    const { lease, oid } = found;
    if (lease.id !== held.lease.id)
      throw held.tenure.lose(`${lease.who} took it over on ${writtenDate(lease.since)}`);
    held.lease = lease;
    held.oid = oid;
  }

  async renew(held: Held): Promise<void> {
    if (await this.#push(held, [])) return;
    throw new Failure("storage", `${this.#refs.remote} does not let ${held.ref} be moved`);
  }

  /** What was done is done, and is not to end in an error over this: the lease ends by itself. */
  async giveBack({ cluster, ref, lease, oid, notice }: Held): Promise<void> {
    const left = `the lock of ${cluster} could not be released and ends at ${writtenMoment(lease.expires)} by itself`;
    try {
      if (await this.#refs.move([{ ref, from: oid, to: null }])) return;
      // A push of ours that was given up as lost may have moved it.
      const found = await this.#lockFound(ref);
      if (found?.lease.id !== lease.id) return;
      if (await this.#refs.move([{ ref, from: found.oid, to: null }])) return;
      notice(left);
    } catch (error) {
      notice(`${left}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /**
   * One write of the cluster, with its lock in the same push; to be called in turn. `false`: somebody moved the ref
   * meanwhile. Throws a `Failure` (`locked`) where this run does not hold the lock.
   */
  async moveUnderLock(cluster: string, move: RefMove): Promise<boolean> {
    const held = this.#held.of(cluster);
    // A push of ours that was thought to be lost may move the lock in between: then it is sent again.
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const before = held.oid;
      if (await this.#push(held, [move])) return true;
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
    await this.insistAtHome(held);
    return false;
  }

  /** What concerns one cluster goes one after the other: each write moves its lock. */
  async inTurn<Result>(cluster: string, work: () => Promise<Result>): Promise<Result> {
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
  return {
    ...lease,
    holder: life === "unknown" && now >= takeover ? "dead" : life,
    takeover: isoTime(takeover),
  };
}

async function insistOnGone(lease: Lease, now: number): Promise<void> {
  if (now >= takeoverOf(lease)) return;
  throw heldBySomebody(await stateOf(lease, now));
}

function lockRef(cluster: string): string {
  return `${LOCKS}${refComponent(cluster)}`;
}
