import { failureOfOne } from "../failure.ts";
import { withoutPlaces } from "../fleet/places.ts";
import { type CampaignFacts, clustersBefore, type UnreadFact, waveOf, wavesOf } from "../fleet/waves.ts";
import type { ClusterResource, DesiredState } from "../resources/model/desired.ts";
import { type HistoryReader, historiesOf } from "../rotation/history.ts";
import { loadEach } from "./load-each.ts";
import type { RecordStore } from "./store.ts";

/** Where it is read what has become of a cluster that the commit at hand does not have. */
interface PastOfClusters {
  readonly store: Pick<RecordStore, "load">;
  readonly desired: Pick<DesiredState, "clusters" | "rotations">;
  readonly history?: HistoryReader | null;
}

/**
 * What has to be read before steps of these clusters are judged: the records of everybody in the waves before,
 * selected or not, and the places of their own waves. `undefined` where the repository has no waves.
 */
export async function readCampaigns(
  past: PastOfClusters & { readonly store: RecordStore; readonly desired: DesiredState },
  clusters: readonly ClusterResource[],
): Promise<CampaignFacts | undefined> {
  const { store, desired } = past;
  const waves = wavesOf(desired);
  if (waves.length === 0) return undefined;
  const rotating = clusters.filter(({ name }) => desired.rotations.some(({ cluster }) => cluster === name));
  const before = new Set(
    rotating.flatMap((cluster) => clustersBefore(cluster, desired).map(([other]) => other.name)),
  );
  const limited = rotating.filter((cluster) => waveOf(cluster, waves)?.maxInProgress != null);
  const campaigns = new Set(
    desired.rotations
      .filter(({ cluster }) => limited.some(({ name }) => name === cluster))
      .map(({ name }) => name),
  );
  const [records, places] = await Promise.all([
    eachByName(before, (name) => store.load(name)),
    eachByName(campaigns, async (name) => {
      const places = await store.places(name);
      const holders = places.places.map(({ cluster }) => cluster);
      return withoutPlaces(places, await goneFromGit(past, holders));
    }),
  ]);
  return { records, places };
}

/**
 * Those of some clusters that git had when they were applied last, and has no longer: nobody is left who ends their
 * rotation, and gives their place up. That a commit does not have one proves nothing, as it may be an older one.
 */
export async function goneFromGit(
  { store, desired, history }: PastOfClusters,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const declared = new Set(desired.clusters.map(({ name }) => name));
  const absent = history == null ? [] : names.filter((name) => !declared.has(name));
  const { records } = await loadEach(store, absent);
  const histories = await historiesOf(history ?? null, records, desired.rotations);
  return new Set([...histories].flatMap(([name, { relation }]) => (relation === "descendant" ? [name] : [])));
}

/** What cannot be read is a fact too. */
async function eachByName<Fact>(
  names: ReadonlySet<string>,
  read: (name: string) => Promise<Fact>,
): Promise<ReadonlyMap<string, Fact | UnreadFact>> {
  const entries = await Promise.all(
    [...names].map(async (name) => {
      try {
        return [name, await read(name)] as const;
      } catch (error) {
        return [name, { unread: failureOfOne(error).message }] as const;
      }
    }),
  );
  return new Map<string, Fact | UnreadFact>(entries);
}
