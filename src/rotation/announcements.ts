import type { Presence } from "../profile/component-kind.ts";
import { keyOf } from "./component-key.ts";
import type { ComponentKind, LiveComponent } from "./observation.ts";
import { type LearntRows, longestSilence, NOTHING_LEARNT } from "./renewals.ts";

/**
 * How long a row has lagged behind the newest one of its kind, in milliseconds, where that is longer than any component in
 * good health lags; else `null`.
 *
 * Rows are held against each other and not against a clock: the machine that capstan runs on may be minutes off, and then
 * everybody would be silent, or nobody. Nor against a life that is known beforehand: operators change it, for one kind or
 * for all. What is newest lives at least as long as it has left, and is renewed at half of that, give or take a tenth
 * (reference teleport-rotation 3.3); so whoever is further behind than that has stopped. A row that is the only one of its
 * kind proves nothing until it is gone.
 *
 * Where looks have shown how often a kind announces itself (`renewals.ts`), that is the measure, and it is closer.
 */
export function silenceOf(
  components: readonly LiveComponent[],
  presence: Presence,
  now: number,
  learnt: LearntRows = NOTHING_LEARNT,
): (component: LiveComponent) => number | null {
  const newest = new Map<ComponentKind, number>(learnt.fullest);
  for (const { kind, expires } of components) {
    if (expires === null) continue;
    newest.set(kind, Math.max(newest.get(kind) ?? Number.NEGATIVE_INFINITY, Date.parse(expires)));
  }
  const lagOf = ({ kind, expires }: LiveComponent) => {
    const latest = newest.get(kind);
    return expires === null || latest === undefined ? 0 : latest - Date.parse(expires);
  };
  const longest = longestLags(components, learnt, lagOf);
  const { announcedWithinMs, lifeMs } = presence;
  return (component) => {
    const latest = newest.get(component.kind);
    if (component.expires === null || latest === undefined || learnt.lively.has(keyOf(component)))
      return null;
    const usual = (announcedWithinMs / lifeMs) * Math.max(lifeMs, latest - now);
    const lag = lagOf(component);
    return lag > Math.min(usual, longest.get(component.kind) ?? usual) ? lag : null;
  };
}

/**
 * How long a component of each kind may lag by what was learnt. What a run before this one saw may have been changed since:
 * where half of a kind would be silent by it, it is not believed.
 */
function longestLags(
  components: readonly LiveComponent[],
  { renewals, firstHand }: LearntRows,
  lagOf: (component: LiveComponent) => number,
): ReadonlyMap<ComponentKind, number> {
  return new Map(
    renewals.flatMap((one) => {
      const longest = longestSilence(one);
      const ofKind = components.filter(({ kind, expires }) => kind === one.kind && expires !== null);
      const silent = ofKind.filter((component) => lagOf(component) > longest);
      return firstHand.has(one.kind) || 2 * silent.length < ofKind.length ? [[one.kind, longest]] : [];
    }),
  );
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
