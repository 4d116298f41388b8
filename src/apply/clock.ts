import { setTimeout as delay } from "node:timers/promises";

/** Time as apply sees it, so that tests can drive hours in microseconds. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects with an `AbortError` when the signal fires first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
