/** What two sides cost, and how much of the one the other may cost. */
export interface Figure {
  /** `time`, `CPU`, `memory`, `calls`. */
  readonly what: string;
  readonly unit: "ms" | "MB" | "";
  readonly ours: number;
  /** `null` where the goal is a number of its own. */
  readonly theirs: number | null;
  readonly goal: Goal;
}

/** At most `factor` times theirs and `plus` more. */
interface Goal {
  readonly factor?: number;
  readonly plus?: number;
}

/** How a cost grows: three sizes. */
export interface Growth {
  readonly what: string;
  /** Of the sizes. */
  readonly of: string;
  readonly unit: "s" | "MB" | "KB";
  readonly points: readonly { readonly size: number; readonly value: number }[];
}

/** What was measured for one row of the table. */
export interface Measured {
  readonly figures: readonly Figure[];
  readonly growth?: readonly Growth[];
}

/** One row of the table. */
export interface Row {
  readonly what: string;
  readonly against: string;
  readonly measure: (scratch: string) => Promise<Measured>;
}

/** Whether a figure is what it should be. */
export function isMet({ ours, theirs, goal }: Figure): boolean {
  return ours <= limitOf({ theirs, goal });
}

/** The most that a figure may be. */
export function limitOf({ theirs, goal }: Pick<Figure, "theirs" | "goal">): number {
  return (theirs ?? 0) * (goal.factor ?? 0) + (goal.plus ?? 0);
}

/** Bytes as MB, rounded to what can be told apart. */
export function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
