import type { Limit } from "./task-limit.ts";

/** Gives each name a limit of its own, all of which share the same places. */
export type Lanes = (name: string) => Limit;

/** No lane has more than this part of the places once there are so many of them. */
const SMALLEST_SHARE = 1 / 3;

/**
 * At most `places` tasks at a time, in turn among the lanes that wait. Of several lanes none takes all places: what
 * hangs in one must not be what the others wait for.
 */
export function createLanes(places: number): Lanes {
  const lanes = new Map<string, Lane>();
  let free = places;

  const share = () => Math.max(1, Math.ceil(places * SMALLEST_SHARE), Math.floor(places / lanes.size));

  /** Whoever had a turn goes to the end of the line. */
  function startNext(): void {
    for (const [name, lane] of [...lanes]) {
      if (free === 0) return;
      if (lane.waiting.length === 0 || lane.running >= share()) continue;
      lanes.delete(name);
      lanes.set(name, lane);
      take(lane);
      lane.waiting.shift()?.();
    }
  }

  function take(lane: Lane): void {
    free -= 1;
    lane.running += 1;
  }

  return (name) => {
    const lane = lanes.get(name) ?? { running: 0, waiting: [] };
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
  readonly waiting: (() => void)[];
}
