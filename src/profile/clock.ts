import type { LiveAuthority } from "../rotation/observation.ts";
import type { Edge, Phase } from "../rotation/phase.ts";

/** What a platform does by a clock of its own (`mode: auto`). */
export interface PlatformClock {
  /** The next edge that it takes, `null` when it does nothing by itself. */
  next(live: LiveAuthority): Edge | null;
  /** When it takes that edge, milliseconds since the epoch; `null` when it does nothing by itself. */
  nextAt(live: LiveAuthority): number | null;
  /** How a person takes the rotation out of its hands, as a command line and what to fill in. */
  takeOver(type: string, phase: Phase): string;
  /** What people should know of it, in every plan of such a rotation. */
  readonly warning: string;
}

/** The clock of a platform that moves nothing by itself: no edge ever comes from it. */
export const NO_CLOCK: PlatformClock = {
  next: () => null,
  nextAt: () => null,
  takeOver: () => "nothing moves it by itself",
  warning: "",
};
