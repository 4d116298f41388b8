import type { Limit } from "./task-limit.ts";

/** Gives each name a limit of its own, all of which share the same places. */
export type Lanes = (name: string) => Limit;

/**
 * At most `places` tasks at a time, in turn among the lanes that wait. No lane has more than its share, rounded up so that
 * no place stays free: what hangs in some must not be what the others wait for.
 */
export function createLanes(places: number): Lanes {
  const lanes = new Map<string, Lane>();
  let free = places;

  /** Among those who have work or never had any yet: who is done leaves room to the last ones. */
  function share(): number {
    let sharing = 0;
    for (const lane of lanes.values()) if (!lane.hasBegun || isAtWork(lane)) sharing += 1;
    return Math.ceil(places / Math.max(1, sharing));
  }

  /** Whoever had a turn goes to the end of the line. */
  function startNext(): void {
    // Who waits and then runs has work all the time.
    const most = share();
    for (const [name, lane] of [...lanes]) {
      if (free === 0) return;
      if (lane.waiting.length === 0 || lane.running >= most) continue;
      lanes.delete(name);
      lanes.set(name, lane);
      take(lane);
      lane.waiting.shift()?.();
    }
  }

  function take(lane: Lane): void {
    free -= 1;
    lane.running += 1;
    lane.hasBegun = true;
  }

  return (name) => {
    const lane = lanes.get(name) ?? { running: 0, waiting: [], hasBegun: false };
    lanes.set(name, lane);
    return async (task) => {
      if (free > 0 && lane.running < share()) take(lane);
      else await new Promise<void>((resolve) => lane.waiting.push(resolve));
      try {
        return await task();
      } finally {
        free += 1;
        lane.running -= 1;
        startNext();
      }
    };
  };
}

interface Lane {
  running: number;
  hasBegun: boolean;
  readonly waiting: (() => void)[];
}

function isAtWork({ running, waiting }: Lane): boolean {
  return running + waiting.length > 0;
}
