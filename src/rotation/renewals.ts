import { keyOf } from "./component-key.ts";
import type { ComponentKind, LiveComponent } from "./observation.ts";

/** How often the components of one kind announce themselves, as looks showed it. */
export interface Renewals {
  readonly kind: ComponentKind;
  /** The longest time between two announcements of one component, in milliseconds. */
  readonly longest_ms: number;
  /** How many were seen. */
  readonly seen: number;
}

/** What earlier looks have shown of the rows of a cluster. */
export interface LearntRows {
  /** The kinds of which enough was seen. */
  readonly renewals: readonly Renewals[];
  /** When a row of the kind would run out that was announced right now, or later; milliseconds since the epoch. */
  readonly fullest: ReadonlyMap<ComponentKind, number>;
  /** Keys of those that were seen to announce themselves not long ago. */
  readonly lively: ReadonlySet<string>;
  /** Whether this run saw it, and not one before it. */
  readonly firstHand: ReadonlySet<ComponentKind>;
}

/** One row, at the look that showed it. */
interface Stamp {
  readonly kind: ComponentKind;
  readonly expires: number;
  readonly reports: string;
  /** When it was first and last seen so, of the monotonic clock. */
  readonly since: number;
  readonly seen: number;
  readonly renewed: boolean;
}

/** What the looks of one run have shown so far. */
export interface RowWatch {
  readonly stamps: ReadonlyMap<string, Stamp>;
  readonly renewals: ReadonlyMap<ComponentKind, Renewals>;
  /** The most that a row had left, by the monotonic clock. */
  readonly fullest: ReadonlyMap<ComponentKind, number>;
  /** Kinds with a row whose time to live went back: they tell nothing. */
  readonly unsteady: ReadonlySet<ComponentKind>;
  /** The monotonic time of the last look. */
  readonly last: number;
}

/** Where no look has shown anything. */
export const NOTHING_LEARNT: LearntRows = {
  renewals: [],
  fullest: new Map(),
  lively: new Set(),
  firstHand: new Set(),
};

/** Before the first look. */
export const NOTHING_WATCHED: RowWatch = {
  stamps: new Map(),
  renewals: new Map(),
  fullest: new Map(),
  unsteady: new Set(),
  last: 0,
};

/** One announcement may be the odd one. */
const ENOUGH = 2;

/**
 * With one more look at some kinds, or at all, at this time of the monotonic clock (milliseconds). `expires` moves on by
 * exactly the time between two announcements, whatever the clock here says. It counts where there was room for one
 * announcement only between the two looks, and where the component reports what it did: one that follows a phase starts
 * anew, and announces itself early.
 */
export function watchRows(before: RowWatch, components: Iterable<LiveComponent>, at: number): RowWatch {
  const stamps = new Map(before.stamps);
  const renewals = new Map(before.renewals);
  const fullest = new Map(before.fullest);
  const unsteady = new Set(before.unsteady);
  for (const { kind, id, expires: until, phase, currentId } of components) {
    if (until === null) continue;
    const expires = Date.parse(until);
    const reports = `${phase} ${currentId}`;
    const key = keyOf({ kind, id });
    const known = before.stamps.get(key);
    const moved = known === undefined ? 0 : expires - known.expires;
    if (moved < 0 && known?.reports === reports) unsteady.add(kind);
    stamps.set(
      key,
      known !== undefined && moved === 0
        ? { ...known, reports, seen: at }
        : { kind, expires, reports, since: at, seen: at, renewed: known !== undefined },
    );
    fullest.set(kind, Math.max(fullest.get(kind) ?? Number.NEGATIVE_INFINITY, expires - at));
    if (known?.reports !== reports || 2 * (at - known.seen) >= moved) continue;
    const { longest_ms, seen } = renewals.get(kind) ?? { longest_ms: 0, seen: 0 };
    renewals.set(kind, { kind, longest_ms: Math.max(longest_ms, moved), seen: seen + 1 });
  }
  return { stamps, renewals, fullest, unsteady, last: at };
}

/** How much longer than the longest one that was seen a renewal may take: each is half a life, give or take a tenth. */
const SPREAD = 1.25;

/** Who has not announced itself for longer than this has stopped, as far as the renewals of its kind were seen; milliseconds. */
export function longestSilence({ longest_ms }: Renewals): number {
  return SPREAD * longest_ms;
}

/** What the looks of this run have shown. */
export function learntFrom(watch: RowWatch): LearntRows {
  const { last: at } = watch;
  const renewals = [...watch.renewals.values()].filter(
    ({ kind, seen }) => seen >= ENOUGH && !watch.unsteady.has(kind),
  );
  const firstHand = new Set(renewals.map(({ kind }) => kind));
  const longest = new Map(renewals.map((one) => [one.kind, longestSilence(one)]));
  const lively = [...watch.stamps].filter(
    ([, { kind, since, renewed }]) => renewed && at - since <= (longest.get(kind) ?? 0),
  );
  return {
    renewals,
    fullest: new Map(
      [...watch.fullest].filter(([kind]) => firstHand.has(kind)).map(([kind, left]) => [kind, left + at]),
    ),
    lively: new Set(lively.map(([key]) => key)),
    firstHand,
  };
}

/** What the record of a rotation has of them. */
interface RenewalsOfRotation {
  readonly ended_at: string | null;
  readonly renewals?: readonly Renewals[];
}

/** The look, with what the record knows of how often components announce themselves. */
export function withLearntRows<Seen extends { readonly rows?: LearntRows }>(
  look: Seen,
  { rotations }: { readonly rotations: readonly RenewalsOfRotation[] },
): Seen {
  const remembered = rotations.flatMap(({ ended_at, renewals = [] }) => (ended_at === null ? renewals : []));
  if (remembered.length === 0) return look;
  const { rows = NOTHING_LEARNT } = look;
  return { ...look, rows: { ...rows, renewals: longestOf(rows.renewals, remembered) } };
}

/** Of each kind the longest that is known. */
export function longestOf(some: readonly Renewals[], others: readonly Renewals[]): readonly Renewals[] {
  const longest = new Map<ComponentKind, Renewals>();
  for (const one of [...some, ...others]) {
    const known = longest.get(one.kind);
    if (known === undefined || one.longest_ms > known.longest_ms) longest.set(one.kind, one);
  }
  return [...longest.values()];
}
