const LONGEST_PAUSE_MS = 15 * 60_000;

/** Twice as long after every failure in a row; a tenth more or less, so that many do not ask at the same moment. */
export function pauseAfter(failures: number, interval: number, chance: number): number {
  const longest = Math.max(interval, LONGEST_PAUSE_MS);
  return Math.min(interval * 2 ** failures, longest) * (0.9 + 0.2 * chance);
}

interface Failing {
  readonly failures: number;
  /** By a clock that nobody sets, milliseconds. */
  readonly until: number;
}

/** Which clusters failed, and until when they are left alone: one that is broken must not slow down the others. */
export class ClusterBackOff {
  readonly #failing = new Map<string, Failing>();
  readonly #interval: number;

  /** `interval`: between two rounds, milliseconds. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /** The clusters that are left alone at a moment. */
  leftAlone(now: number): ReadonlySet<string> {
    return new Set([...this.#failing].filter(([, { until }]) => now < until).map(([name]) => name));
  }

  /** After a round: those that were tried, and those of them that failed. `chance`: from 0 to 1. */
  note(tried: readonly string[], failed: ReadonlySet<string>, now: number, chance: number): void {
    for (const name of tried) {
      const failures = (this.#failing.get(name)?.failures ?? 0) + 1;
      // The first time it is tried again with all others.
      const until = now + pauseAfter(failures, this.#interval, chance) - this.#interval;
      if (failed.has(name)) this.#failing.set(name, { failures, until });
      else this.#failing.delete(name);
    }
  }

  /** Somebody asked for a round now: nobody is left alone in it. */
  forget(): void {
    this.#failing.clear();
  }
}
