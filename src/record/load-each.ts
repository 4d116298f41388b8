import { type Failure, failureOfOne } from "../failure.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { RecordStore } from "./store.ts";

/** The records of some clusters, and of the others why theirs cannot be read. */
export interface LoadedRecords {
  readonly records: readonly ClusterRecord[];
  readonly unreadable: ReadonlyMap<string, Failure>;
}

/** Reads the records of clusters, each by itself: one that is damaged is no matter of the others. */
export async function loadEach(
  store: Pick<RecordStore, "load">,
  clusters: readonly string[],
): Promise<LoadedRecords> {
  const unreadable = new Map<string, Failure>();
  const loaded = await Promise.all(
    clusters.map(async (cluster) => {
      try {
        return await store.load(cluster);
      } catch (error) {
        unreadable.set(cluster, failureOfOne(error));
        return null;
      }
    }),
  );
  return { records: loaded.filter((record) => record !== null), unreadable };
}
