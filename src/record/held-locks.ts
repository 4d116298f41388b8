import { writtenWithoutLock } from "./lock-words.ts";
import type { Lock } from "./store.ts";
import type { Tenure } from "./tenure.ts";

/** A lock that this run holds. */
export interface HeldHere {
  readonly cluster: string;
  readonly id: string;
  readonly tenure: Tenure;
}

/** Where locks are kept, and what is done there with one that this run holds. */
export interface LockHome<Held extends HeldHere> {
  /** Throws what `Tenure.lose` gives unless the lock that is there is this one. */
  insistAtHome(held: Held): Promise<void>;
  /** Has it last longer, or throws: without an answer that says so, it was not renewed. */
  renew(held: Held): Promise<void>;
  giveBack(held: Held): Promise<void>;
  /** What concerns one cluster, where that must go one after the other. */
  inTurn<Result>(cluster: string, work: () => Promise<Result>): Promise<Result>;
}

/** The locks that this run holds: the same in a folder and in refs, whatever a lock is there. */
export class HeldLocks<Held extends HeldHere> {
  readonly #home: LockHome<Held>;
  readonly #held = new Map<string, Held>();

  constructor(home: LockHome<Held>) {
    this.#home = home;
  }

  /** From now on it is renewed, until it is lost or released. */
  hold(held: Held): Lock {
    const { cluster, id, tenure } = held;
    const inTurn = (work: () => Promise<void>) => this.#home.inTurn(cluster, work);
    this.#held.set(cluster, held);
    tenure.start(() => inTurn(() => this.#home.renew(held)));
    return {
      cluster,
      id,
      lost: tenure.lost,
      confirm: () => inTurn(() => this.confirm(held)),
      release: () => inTurn(() => this.#release(held)),
    };
  }

  /** Throws a `Failure` (`locked`) where this run has none. */
  of(cluster: string): Held {
    const held = this.#held.get(cluster);
    if (held === undefined) throw writtenWithoutLock(cluster);
    return held;
  }

  /** The clocks once more after the look, as the process may have slept in between. */
  async confirm(held: Held): Promise<void> {
    held.tenure.insist();
    await this.#home.insistAtHome(held);
    held.tenure.insist();
  }

  async #release(held: Held): Promise<void> {
    held.tenure.end();
    if (this.#held.get(held.cluster) === held) this.#held.delete(held.cluster);
    await this.#home.giveBack(held);
  }
}
