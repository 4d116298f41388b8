import type { Failure } from "../failure.ts";
import { type ClockReading, type Clocks, overBy, readClocks } from "./clocks.ts";
import { HEARTBEAT_MS, LEASE_MS } from "./lease-times.ts";
import { noLongerHeld } from "./lock-words.ts";

/** Calls `beat` every so many milliseconds, until what it gives is called. */
export type Repeat = (beat: () => void, ms: number) => () => void;

/** Of whose lock it is, and by what it is measured. */
export interface TenureOptions {
  readonly cluster: string;
  readonly clocks: Clocks;
  readonly repeat: Repeat;
  readonly notice: (message: string) => void;
  /** Read before the lock was asked for: the lease counts from there, whenever the answer came. */
  readonly since: ClockReading;
}

/**
 * How long a holder may believe that it holds its lock: until it is told otherwise, or until the first of its clocks
 * says that the lease is over. What cannot be known counts as over.
 */
export class Tenure {
  readonly #lost = new AbortController();
  readonly #options: TenureOptions;
  #since: ClockReading;
  #seen: ClockReading;
  #stopBeats = () => {};
  #alarm: NodeJS.Timeout | null = null;

  constructor(options: TenureOptions) {
    this.#options = options;
    this.#since = options.since;
    this.#seen = options.since;
  }

  /** Fires when the lock is lost, with the `Failure` that says why. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  read(): ClockReading {
    return readClocks(this.#options.clocks);
  }

  /** The lease counts anew from the moment before it was asked for. */
  renewed(at: ClockReading): void {
    this.#since = at;
    this.#setAlarm();
  }

  /** Throws, for good, once a clock says that the lease is over. */
  insist(): void {
    this.#lost.signal.throwIfAborted();
    const over = this.#over();
    if (over !== null) throw this.lose(over);
  }

  /** Ends it, and gives the `Failure` for whoever needs the lock. */
  lose(why: string): Failure {
    const failure = noLongerHeld(this.#options.cluster, why);
    this.end();
    this.#lost.abort(failure);
    return failure;
  }

  /** Has it renewed again and again. A renewal that fails is said, and is no harm while a later one may be in time. */
  start(renew: () => Promise<void>): void {
    this.#stopBeats = this.#options.repeat(() => void this.#beat(renew), HEARTBEAT_MS);
    this.#setAlarm();
  }

  end(): void {
    this.#stopBeats();
    if (this.#alarm !== null) clearTimeout(this.#alarm);
  }

  async #beat(renew: () => Promise<void>): Promise<void> {
    if (this.#lost.signal.aborted) return;
    const before = this.#over();
    if (before !== null) {
      this.lose(before);
      return;
    }
    try {
      await renew();
    } catch (error) {
      if (this.#lost.signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      // What the next beat would find to be over is over: it must be known before somebody else may take the lock.
      if (this.#over(HEARTBEAT_MS) !== null) this.lose(`it could not be renewed in time: ${why}`);
      else this.#options.notice(`the lock of ${this.#options.cluster} could not be renewed: ${why}`);
    }
  }

  #over(ahead = 0): string | null {
    const now = this.read();
    const over = overBy(now, this.#since, this.#seen, LEASE_MS - ahead);
    this.#seen = now;
    return over;
  }

  /** Also while a renewal hangs. */
  #setAlarm(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    const left = LEASE_MS - (this.read().monotonic - this.#since.monotonic);
    this.#alarm = setTimeout(
      () => {
        if (this.#lost.signal.aborted) return;
        const over = this.#over();
        if (over === null) this.#setAlarm();
        else this.lose(over);
      },
      Math.max(left, 1),
    );
    this.#alarm.unref();
  }
}

/** Beats every `ms` milliseconds until the function that it gives is called; keeps no process alive. */
export const everyFew: Repeat = (beat, ms) => {
  const timer = setInterval(beat, ms);
  timer.unref();
  return () => clearInterval(timer);
};
