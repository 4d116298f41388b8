import type { LiveAuthority } from "../../rotation/observation.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { KeyHash } from "../../x509/spki.ts";
import type { CaOverride } from "./ca-override.ts";

/** What the checks against a cluster need to know. */
export interface LiveContext {
  readonly authority: LiveAuthority;
  /** What the cluster has; `emptyOverride` where it has none. */
  readonly live: CaOverride;
  readonly desired: CaOverride;
  /** Where the repository wants the rotation to be; `null` without a rotation. */
  readonly goal: Phase | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When the rotation can be over at the earliest, with soak times and windows; `null` without one. */
  readonly rotationEndsAt: number | null;
  /** Keys that an earlier rotation is known to have retired: they tell "too late" from "too early". */
  readonly retired: readonly KeyHash[];
}
