import type { Presence } from "../profile/component-kind.ts";
import type { LiveComponent } from "./observation.ts";

/**
 * How long a row has lagged behind the newest one of its kind, in milliseconds, where that is longer than any component in
 * good health lags; else `null`.
 *
 * Rows are held against each other and not against a clock: the machine that capstan runs on may be minutes off, and then
 * everybody would be silent, or nobody. Nor against a life that is known beforehand: operators change it, for one kind or
 * for all. What is newest lives at least as long as it has left, and is renewed at half of that, give or take a tenth
 * (reference teleport-rotation 3.3); so whoever is further behind than that has stopped. A row that is the only one of its
 * kind proves nothing until it is gone.
 */
export function silenceOf(
  components: readonly LiveComponent[],
  { announcedWithinMs, lifeMs }: Presence,
  now: number,
): (component: LiveComponent) => number | null {
  const newest = new Map<string, number>();
  for (const { kind, expires } of components) {
    if (expires === null) continue;
    newest.set(kind, Math.max(newest.get(kind) ?? Number.NEGATIVE_INFINITY, Date.parse(expires)));
  }
  return ({ kind, expires }) => {
    const latest = newest.get(kind);
    if (expires === null || latest === undefined) return null;
    const lag = latest - Date.parse(expires);
    const longest = (announcedWithinMs / lifeMs) * Math.max(lifeMs, latest - now);
    return lag > longest ? lag : null;
  };
}

/**
 * How far the clock of the machine that looked is certainly ahead of the cluster's, in milliseconds; negative: behind; 0:
 * nothing shows that it is off. A component that has just answered is alive, so its newest row was announced within the
 * time in which it announces itself: neither earlier nor in the future.
 */
export function clockAhead(
  rowsOfTheLiving: readonly Pick<LiveComponent, "expires">[],
  { announcedWithinMs, lifeMs }: Presence,
  now: number,
): number {
  const announced = rowsOfTheLiving.flatMap(({ expires }) =>
    expires === null ? [] : [Date.parse(expires) - lifeMs],
  );
  if (announced.length === 0) return 0;
  const age = now - Math.max(...announced);
  if (age < 0) return age;
  return Math.max(0, age - announcedWithinMs);
}
