import type { RunClock } from "../../src/apply/run-clock.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const SLICES = 60;
const SHORTEST_SLICE_MS = 500;

/**
 * The time of a walk. The cluster lives by the true time; the machine that capstan runs on may have its wall clock set
 * by somebody. Whoever lives in the cluster gets on with it in slices of whatever time passes.
 */
export class WalkClock implements RunClock {
  #true = START;
  #off = 0;
  /** What happens in the cluster as time goes by. */
  live: () => void = () => {};
  /** Before a run falls asleep: where it can be disturbed. */
  beforeSleep: () => Promise<void> = async () => {};

  /** By the clock of the machine. */
  now(): number {
    return this.#true + this.#off;
  }

  monotonic(): number {
    return this.#true;
  }

  /** By the clock of the cluster, which is right. */
  get trueTime(): number {
    return this.#true;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.beforeSleep();
    signal.throwIfAborted();
    this.pass(ms);
    signal.throwIfAborted();
  }

  pass(ms: number): void {
    const slice = Math.max(SHORTEST_SLICE_MS, Math.ceil(ms / SLICES));
    for (let left = ms; left > 0; left -= slice) {
      this.#true += Math.min(slice, left);
      this.live();
    }
  }

  /** Somebody sets the wall clock of the machine. */
  set(by: number): void {
    this.#off += by;
  }
}
