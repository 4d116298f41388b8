import type { ClusterObservation } from "../profile/profile.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ClusterRecord, RotationRecord } from "../rotation/record.ts";
import type { RunClock } from "./run-clock.ts";

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
  readonly #clock: RunClock;
  readonly #seen = new Map<string, Sighting>();
  /** Where each authority was before that: no rotation comes back to a phase under the same id. */
  readonly #left = new Map<string, readonly Pick<Sighting, "phase" | "currentId">[]>();

  constructor(clock: RunClock) {
    this.#clock = clock;
  }

  /** What a look showed. */
  note({ authorities }: ClusterObservation): void {
    const now = this.#clock.monotonic();
    for (const { type, rotation } of authorities) {
      const { phase, currentId } = rotation;
      const known = this.#seen.get(type);
      const same = known !== undefined && isSame(known, rotation);
      if (known !== undefined && !same) this.#left.set(type, [...(this.#left.get(type) ?? []), known]);
      this.#seen.set(type, { phase, currentId, since: same ? known.since : now, last: now });
    }
  }

  /**
   * How long a read may still be older than what this run saw before it, where it shows an authority back where it was:
   * auth servers have a cache each, and whichever answers may be behind the one that answered before. 0: it is none.
   */
  behindMs({ authorities }: ClusterObservation, staleReadMs: number): number {
    const now = this.#clock.monotonic();
    const left = authorities.map(({ type, rotation }) => {
      const known = this.#seen.get(type);
      const isBack = this.#left.get(type)?.some((before) => isSame(before, rotation)) === true;
      return known === undefined || !isBack || isSame(known, rotation) ? 0 : known.since + staleReadMs - now;
    });
    return Math.max(0, ...left);
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

/**
 * The same by the record, whose times are of the wall clock: a run that begins seconds after another has ended may be
 * answered by a cache that is behind. A time to come tells only that a clock was set: then nobody knows how long ago that
 * was, and whoever asks bounds the wait by a clock of its own.
 */
export function behindRecordMs(
  { rotations }: ClusterRecord,
  { authorities }: ClusterObservation,
  now: number,
  staleReadMs: number,
): number {
  const left = authorities.map((live) => {
    const last = rotations.findLast(({ authority }) => authority === live.type);
    const moved = last === undefined ? null : leftAt(last, live);
    const age = moved === null ? staleReadMs : now - Date.parse(moved);
    return age < 0 ? staleReadMs : staleReadMs - age;
  });
  return Math.max(0, ...left);
}

/** When the rotation left the phase that is shown, where the record knows that it did, or that it was asked to. */
function leftAt(
  { current_id, previous_id, phases, ended_at, requested }: RotationRecord,
  { rotation: { phase, currentId, state } }: LiveAuthority,
): string | null {
  if (ended_at === null && requested !== null && phase !== requested.to) return requested.at;
  const last = phases.at(-1);
  if (current_id === null || last === undefined) return null;
  if (currentId !== current_id) {
    return previous_id !== undefined && currentId === previous_id && state === "standby" ? last.since : null;
  }
  if (ended_at !== null) return state === "standby" ? null : ended_at;
  return phase !== last.phase && phases.some((entry) => entry.phase === phase) ? last.since : null;
}

function isSame(
  one: Pick<Sighting, "phase" | "currentId">,
  other: Pick<Sighting, "phase" | "currentId">,
): boolean {
  return one.phase === other.phase && one.currentId === other.currentId;
}
