import { setTimeout as delay } from "node:timers/promises";

/** Time as apply sees it, so that tests can drive hours in microseconds. */
export interface RunClock {
  /** Milliseconds since the epoch: for records and for people, never for how long something takes. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody sets: how long something takes. */
  monotonic(): number;
  /** Rejects with an `AbortError` when the signal fires first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The clocks of this machine; `sleep` keeps the process alive. */
export const systemClock: RunClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};
