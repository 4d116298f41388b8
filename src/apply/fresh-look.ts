import { isoTime } from "../iso-time.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { overridesSeen } from "../record/changes/overridden.ts";
import { catchUp } from "../record/changes/seen.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { giveUpPlaces } from "./campaign-place.ts";
import type { ClusterRun } from "./context.ts";
import { behindRecordMs } from "./sightings.ts";

/** What is known of one cluster at one moment. */
export interface ClusterSnapshot {
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
}

/** A person may think for hours, and a backup may take minutes; what was seen before is no ground to act on then. */
const FRESH_MS = 5_000;

/**
 * A look at everything of one cluster, made under its lock, for one step: only `lookAt` makes one, judging by it is
 * free, and acting on it uses it up.
 */
class Look implements ClusterSnapshot {
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
  readonly #at: number;
  #used = false;

  constructor({ observation, record }: ClusterSnapshot, at: number) {
    this.observation = observation;
    this.record = record;
    this.#at = at;
  }

  /** Whether it may still be acted on: unused, and of the last seconds. */
  isFresh({ clock }: Pick<ClusterRun, "clock">): boolean {
    return !this.#used && clock.monotonic() - this.#at < FRESH_MS;
  }

  /** To be called by whatever acts, right before it begins. A second time is a bug. */
  use(): void {
    if (this.#used) throw new Error(`a look at ${this.observation.cluster} was acted on twice`);
    this.#used = true;
  }
}

/** The type alone: nobody else can make one. */
export type FreshLook = Look;

/** Everything about one cluster as it is now; the record catches up with what happened while nobody looked. */
export async function lookAt(run: ClusterRun): Promise<FreshLook> {
  const remembered = await run.store.load(run.cluster.name);
  const observation = run.rows.note(await newest(run, remembered), { components: "all" });
  const at = run.clock.monotonic();
  run.sightings.note(observation);
  const now = isoTime(run.clock.now());
  const record = await withOverrides(catchUp(remembered, observation, now), observation, now);
  if (JSON.stringify(record) !== JSON.stringify(remembered)) {
    await giveUpPlaces(run, remembered, record);
    await run.store.save(record);
  }
  return new Look({ observation, record }, at);
}

/** Since when an external certificate stands for a key, only the record can tell. */
async function withOverrides(
  record: ClusterRecord,
  observation: ClusterObservation,
  now: string,
): Promise<ClusterRecord> {
  const { overrides, resources } = observation.profile;
  let seen = record;
  for (const type of overrides === null ? [] : resources.overridableTypes) {
    const keys = await overrides?.overriddenKeys(observation, type);
    if (keys != null) seen = overridesSeen(seen, type, keys, now);
  }
  return seen;
}

const READ_AGAIN_MS = 1_000;

/** A read that is older than what was seen already, by this run or by one before, is no look at what is there now. */
async function newest(run: ClusterRun, record: ClusterRecord): Promise<ClusterObservation> {
  const { platform, sightings, clock, cluster, signal } = run;
  const { staleReadMs } = cluster.policy;
  const began = clock.monotonic();
  for (;;) {
    const observation = await platform.observe({ components: "all" });
    if (platform.consistent === true) return observation;
    const behind = Math.max(
      sightings.behindMs(observation, staleReadMs),
      Math.min(
        behindRecordMs(record, observation, clock.now(), staleReadMs),
        began + staleReadMs - clock.monotonic(),
      ),
    );
    if (behind <= 0) return observation;
    await clock.sleep(Math.min(behind, READ_AGAIN_MS), signal);
  }
}
