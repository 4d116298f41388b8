import type { ClusterObservation } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { Clock } from "./clock.ts";

/** An authority as it was seen again and again since a moment of the monotonic clock, without a change in between. */
interface Sighting {
  readonly phase: Phase;
  readonly currentId: string | null;
  readonly since: number;
  readonly last: number;
}

/**
 * Since when the looks of this run have shown each authority where it is. `--phase=standby` means two things: it ends a
 * rotation, and it ends a rollback. A read may be some seconds old, so one look cannot tell which of them it would be;
 * two that are further apart than reads are stale can, unless somebody moves the phase in the last of those seconds:
 * that window is the platform's.
 */
export class Sightings {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Sighting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What a look showed. */
  note({ authorities }: ClusterObservation): void {
    const now = this.#clock.monotonic();
    for (const { type, rotation } of authorities) {
      const { phase, currentId } = rotation;
      const known = this.#seen.get(type);
      const same = known !== undefined && known.phase === phase && known.currentId === currentId;
      this.#seen.set(type, { phase, currentId, since: same ? known.since : now, last: now });
    }
  }

  /** How long the looks, from the first to the last, have shown the authority in the phase it is in. */
  steadyMs(authority: string): number {
    const seen = this.#seen.get(authority);
    return seen === undefined ? 0 : seen.last - seen.since;
  }

  phaseOf(authority: string): Phase | null {
    return this.#seen.get(authority)?.phase ?? null;
  }
}
