import type { RunClock } from "./run-clock.ts";

/** What a wait that overslept still gets: enough for a look, and for one more when the network is not back yet. */
const AFTER_SLEEP_MS = 30_000;
/** A sleep that takes this much longer than asked for was no sleep: the process, or the machine, stood still. */
const OVERSLEPT_MS = 10_000;

/**
 * The end of a wait, by the monotonic clock and in looks: a step of the wall clock does not end it, and where the time
 * ran out while the process stood still (a suspended machine, SIGSTOP), it looks again before it ends.
 */
export class Deadline {
  readonly #clock: RunClock;
  readonly #grace: number;
  #at: number;

  constructor(clock: RunClock, withinMs: number) {
    this.#clock = clock;
    this.#at = clock.monotonic() + withinMs;
    this.#grace = Math.min(AFTER_SLEEP_MS, Math.max(withinMs, 0));
  }

  isOver(): boolean {
    return this.#clock.monotonic() >= this.#at;
  }

  /** By the wall clock, for people. */
  get wall(): number {
    return this.#clock.now() + this.#at - this.#clock.monotonic();
  }

  /** Between two looks. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    const before = this.#clock.monotonic();
    await this.#clock.sleep(ms, signal);
    const after = this.#clock.monotonic();
    if (after - before > ms + OVERSLEPT_MS) this.#at = Math.max(this.#at, after + this.#grace);
  }
}
