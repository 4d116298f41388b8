import { claimed, givenUp, takenIn, withoutPlaces } from "../fleet/places.ts";
import { waveOf, wavesOf } from "../fleet/waves.ts";
import { isoTime } from "../iso-time.ts";
import { goneFromGit } from "../record/campaign-facts.ts";
import type { Step } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { ClusterRun } from "./context.ts";

/**
 * Takes a place in the campaign before a cluster's `init`, where its wave has only so many: among all machines, by
 * compare-and-swap. `null`: it has one, or needs none; else why the step is not taken.
 */
export async function claimPlace(run: ClusterRun, rotationName: string, step: Step): Promise<string | null> {
  if (step.action !== "rotate" || step.from !== "standby" || step.to !== "init") return null;
  const limit = limitOf(run);
  if (limit === null) return null;
  const { cluster, clock } = run;
  const place = { cluster: cluster.name, wave: limit.wave, since: isoTime(clock.now()) };
  let others: readonly string[] = [];
  const claim = async (gone: ReadonlySet<string>) =>
    await run.store.changePlaces(cluster.name, rotationName, (before) => {
      const current = withoutPlaces(before, gone);
      others = takenIn(current, limit.wave);
      return claimed(current, place, limit.most);
    });
  if ((await claim(new Set())) !== null) return null;
  const gone = await goneFromGit(run, others);
  const taken = gone.size === 0 ? null : await claim(gone);
  if (taken !== null) return null;
  return `all ${limit.most} places of the wave ${limit.wave} of ${rotationName} are taken: ${others.join(", ")}`;
}

/** Gives the places up of rotations that were open and are over; to be called before the record says so. */
export async function giveUpPlaces(
  run: ClusterRun,
  before: ClusterRecord,
  after: ClusterRecord,
): Promise<void> {
  const open = openNames(after);
  for (const name of openNames(before)) if (!open.has(name)) await giveUp(run, name);
}

/** Gives the places up that a run left which was killed before it began, or whose rotation was taken out of git. */
export async function giveUpUnused(run: ClusterRun): Promise<void> {
  if (limitOf(run) === null) return;
  const { cluster, desired, store } = run;
  const record = await store.load(cluster.name);
  const declared = desired.rotations.filter((rotation) => rotation.cluster === cluster.name);
  const names = new Set([...declared, ...record.rotations].map(({ name }) => name));
  const open = openNames(record);
  for (const name of names) if (!open.has(name)) await giveUp(run, name);
}

async function giveUp(run: ClusterRun, campaign: string): Promise<void> {
  if (limitOf(run) === null) return;
  const { cluster, store } = run;
  await store.changePlaces(cluster.name, campaign, (before) => givenUp(before, cluster.name));
}

function openNames({ rotations }: ClusterRecord): ReadonlySet<string> {
  return new Set(rotations.filter(({ ended_at }) => ended_at === null).map(({ name }) => name));
}

function limitOf({ cluster, desired }: ClusterRun): { readonly wave: string; readonly most: number } | null {
  const wave = waveOf(cluster, wavesOf(desired));
  return wave === null || wave.maxInProgress === null ? null : { wave: wave.name, most: wave.maxInProgress };
}
