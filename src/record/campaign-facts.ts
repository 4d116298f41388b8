import { failureOfOne } from "../failure.ts";
import { type CampaignFacts, clustersBefore, type UnreadFact, waveOf, wavesOf } from "../fleet/waves.ts";
import type { ClusterResource, DesiredState } from "../resources/model/desired.ts";
import type { RecordStore } from "./store.ts";

/**
 * What has to be read before steps of these clusters are judged: the records of everybody in the waves before,
 * selected or not, and the places of their own waves. `undefined` where the repository has no waves.
 */
export async function readCampaigns(
  store: RecordStore,
  desired: DesiredState,
  clusters: readonly ClusterResource[],
): Promise<CampaignFacts | undefined> {
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
    eachByName(campaigns, (name) => store.places(name)),
  ]);
  return { records, places };
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
