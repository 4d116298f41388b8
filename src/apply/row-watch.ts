import type { ObserveScope } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { learntFrom, NOTHING_WATCHED, type RowWatch, watchRows } from "../rotation/renewals.ts";
import type { RunClock } from "./run-clock.ts";

/** What the looks of this run show of how often components announce themselves. */
export class WatchedRows {
  readonly #clock: RunClock;
  #watch: RowWatch = NOTHING_WATCHED;

  constructor(clock: RunClock) {
    this.#clock = clock;
  }

  /** The look, and what all of them have shown; rows of kinds that were not looked at are those of the look before. */
  note(observation: ClusterObservation, { components: kinds }: ObserveScope): ClusterObservation {
    const { components } = observation;
    const seen = kinds === "all" ? components : components.filter(({ kind }) => kinds.includes(kind));
    this.#watch = watchRows(this.#watch, seen, this.#clock.monotonic());
    return { ...observation, rows: learntFrom(this.#watch) };
  }
}
