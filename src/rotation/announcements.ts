import type { Presence } from "../profile/component-kind.ts";
import { keyOf } from "./component-key.ts";
import { type ComponentTable, componentTable } from "./component-table.ts";
import type { ComponentKind, Components, LiveComponent } from "./observation.ts";
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
  components: Components,
  presence: Presence,
  now: number,
  learnt: LearntRows = NOTHING_LEARNT,
): (component: LiveComponent) => number | null {
  const bounds = lagBounds(components, presence, now, learnt);
  return (component) => {
    const bound = bounds.get(component.kind);
    const runsOut = component.expires === null ? Number.NaN : Date.parse(component.expires);
    if (bound === undefined || !isBeyond(bound, runsOut)) return null;
    return learnt.lively.has(keyOf(component)) ? null : bound.latest - runsOut;
  };
}

/** How far the rows of one kind may be apart. */
export interface LagBound {
  /** When the newest one runs out, in milliseconds since the epoch. */
  readonly latest: number;
  /** The most that one in good health lags behind it, in milliseconds. */
  readonly longest: number;
}

/** Whether who runs out then is further behind than anybody in good health; never who does not run out (NaN). */
export function isBeyond({ latest, longest }: LagBound, runsOut: number): boolean {
  return latest - runsOut > longest;
}

/** Of each kind that has rows which run out. */
export function lagBounds(
  components: Components,
  { announcedWithinMs, lifeMs }: Presence,
  now: number,
  { renewals, fullest, firstHand }: LearntRows = NOTHING_LEARNT,
): ReadonlyMap<ComponentKind, LagBound> {
  const table = componentTable(components);
  const newest = newestOf(table);
  for (const [kind, time] of fullest) newest.set(kind, Math.max(newest.get(kind) ?? time, time));
  return new Map(
    [...newest].map(([kind, latest]) => {
      const usual = (announcedWithinMs / lifeMs) * Math.max(lifeMs, latest - now);
      const learnt = renewals.find((one) => one.kind === kind);
      if (learnt === undefined) return [kind, { latest, longest: usual }];
      const closer = { latest, longest: Math.min(usual, longestSilence(learnt)) };
      const isBelieved =
        firstHand.has(kind) || !isOfHalf(table, kind, { latest, longest: longestSilence(learnt) });
      return [kind, isBelieved ? closer : { latest, longest: usual }];
    }),
  );
}

/** Of each kind that has rows that run out, the newest. */
function newestOf(table: ComponentTable): Map<ComponentKind, number> {
  const newest = table.reports.map(() => Number.NEGATIVE_INFINITY);
  for (let row = 0; row < table.length; row += 1) {
    const report = table.reportAt(row);
    const runsOut = table.runsOutAt(row);
    if (runsOut > (newest[report] as number)) newest[report] = runsOut;
  }
  const ofKinds = new Map<ComponentKind, number>();
  for (const [report, { kind }] of table.reports.entries()) {
    const time = Math.max(ofKinds.get(kind) ?? Number.NEGATIVE_INFINITY, newest[report] as number);
    if (time !== Number.NEGATIVE_INFINITY) ofKinds.set(kind, time);
  }
  return ofKinds;
}

/**
 * Whether half of a kind would be silent by what was learnt. What a run before this one saw may have been changed since,
 * and is not believed then.
 */
function isOfHalf(table: ComponentTable, kind: ComponentKind, bound: LagBound): boolean {
  let all = 0;
  let silent = 0;
  for (const row of table.members.rowsOf(kind)) {
    const runsOut = table.runsOutAt(row);
    if (Number.isNaN(runsOut)) continue;
    all += 1;
    if (isBeyond(bound, runsOut)) silent += 1;
  }
  return 2 * silent >= all;
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
