/**
 * Runs a task when a place is free, and settles as the task does; a task that throws gives its place up too.
 */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** At most `places` tasks at a time, started in the order of the calls. */
export function createLimit(places: number): Limit {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
