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
): (component: LiveComponent, runsOut?: number) => number | null {
  const newest = new Map<ComponentKind, number>(learnt.fullest);
  for (const [kind, time] of newestOf(components)) {
    newest.set(kind, Math.max(newest.get(kind) ?? Number.NEGATIVE_INFINITY, time));
  }
  const lagOf = ({ kind }: LiveComponent, time: number) => {
    const latest = newest.get(kind);
    return Number.isNaN(time) || latest === undefined ? 0 : latest - time;
  };
  const longest = longestLags(components, learnt, (component) => lagOf(component, runOutTime(component)));
  const { announcedWithinMs, lifeMs } = presence;
  return (component, time = runOutTime(component)) => {
    const latest = newest.get(component.kind);
    if (component.expires === null || latest === undefined) return null;
    const usual = (announcedWithinMs / lifeMs) * Math.max(lifeMs, latest - now);
    const lag = lagOf(component, time);
    if (lag <= Math.min(usual, longest.get(component.kind) ?? usual)) return null;
    return learnt.lively.has(keyOf(component)) ? null : lag;
  };
}

/** When a row runs out, in milliseconds since the epoch; NaN: never. */
function runOutTime({ expires }: Pick<LiveComponent, "expires">): number {
  return expires === null ? Number.NaN : Date.parse(expires);
}

const timesOf = new WeakMap<readonly LiveComponent[], Float64Array>();

/** The same of each, in their order; read once, as every guard asks for them. */
export function runOutTimes(components: readonly LiveComponent[]): Float64Array {
  const known = timesOf.get(components);
  if (known !== undefined) return known;
  const times = new Float64Array(components.length);
  for (let index = 0; index < components.length; index += 1) {
    times[index] = runOutTime(components[index] as LiveComponent);
  }
  timesOf.set(components, times);
  return times;
}

/** Of each kind that has rows that run out, the newest. */
function newestOf(components: readonly LiveComponent[]): ReadonlyMap<ComponentKind, number> {
  const times = runOutTimes(components);
  const newest = new Map<ComponentKind, number>();
  for (let index = 0; index < components.length; index += 1) {
    const time = times[index] as number;
    const { kind } = components[index] as LiveComponent;
    if (!Number.isNaN(time) && !(time <= (newest.get(kind) ?? Number.NEGATIVE_INFINITY)))
      newest.set(kind, time);
  }
  return newest;
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
