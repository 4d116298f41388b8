import { type Failure, failureOfOne } from "../failure.ts";
import { planFrom } from "../planner/plan-from.ts";
import type { UnreadCluster } from "../planner/planner.ts";
import type { Platform } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { readCampaigns } from "../record/campaign-facts.ts";
import { loadEach } from "../record/load-each.ts";
import { historiesOf } from "../rotation/history.ts";
import type { Plan } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { Meter } from "./meter.ts";
import type { Workspace } from "./workspace.ts";

/** Of some clusters what was seen, of the others why not. */
export interface Observed {
  readonly observations: readonly ClusterObservation[];
  readonly unread: readonly UnreadCluster[];
}

/** What was seen, and what the record has of each that was. */
export interface Remembered extends Observed {
  readonly records: readonly ClusterRecord[];
}

/** Whether the only cluster is named as well where it cannot be read. */
export interface AloneOption {
  readonly alone?: "throw" | "name";
}

/** Reads all clusters at once. */
export async function observeAll(
  platforms: ReadonlyMap<string, Platform>,
): Promise<readonly ClusterObservation[]> {
  return await Promise.all(
    [...platforms.values()].map((platform) => platform.observe({ components: "all" })),
  );
}

/**
 * Reads all clusters at once. Of several, one that cannot be read leaves the others alone, and is named; where it is the
 * only one, there is nothing else to say, unless it is to be named as well.
 */
export async function observeEach(
  platforms: ReadonlyMap<string, Platform>,
  { clusters }: Pick<Workspace, "clusters">,
  { alone = "throw", meter }: AloneOption & { readonly meter?: Meter } = {},
): Promise<Observed> {
  const unread: UnreadCluster[] = [];
  const throws = clusters.length === 1 && alone === "throw";
  meter?.clusters(clusters.length);
  const observing = Promise.all(
    clusters.map(async ({ name, platform }) => {
      try {
        const seen = (await platforms.get(name)?.observe({ components: "all" })) ?? null;
        meter?.clusterRead();
        return seen;
      } catch (error) {
        if (throws) throw error;
        unread.push({ name, platform, problem: problemOf(failureOfOne(error)) });
        meter?.clusterRead();
        return null;
      }
    }),
  );
  const observed = await observing.finally(() => meter?.end());
  return { observations: observed.filter((observation) => observation !== null), unread };
}

/**
 * Reads the records, each by itself: a cluster whose record cannot be read is not planned, and is named. What all of
 * them have in common, as a remote that does not answer, is said once.
 */
export async function withRecords(
  { store, clusters }: Pick<Workspace, "store" | "clusters">,
  { observations, unread }: Observed,
  { alone = "throw" }: AloneOption = {},
): Promise<Remembered> {
  const names = observations.map(({ cluster }) => cluster);
  const { records, unreadable } = await loadEach(store, names);
  const [first, ...others] = unreadable.values();
  const isSame = others.every(({ message }) => message === first?.message);
  if (first !== undefined && unreadable.size === clusters.length && isSame && alone === "throw") throw first;
  return {
    observations: observations.filter(({ cluster }) => !unreadable.has(cluster)),
    records,
    unread: [
      ...unread,
      ...observations.flatMap(({ cluster: name, profile }) => {
        const failure = unreadable.get(name);
        return failure === undefined ? [] : [{ name, platform: profile.name, problem: problemOf(failure) }];
      }),
    ],
  };
}

function problemOf({ code, message, hint }: Failure): UnreadCluster["problem"] {
  return { code, message, remedy: hint ?? "then plan again" };
}

/** The plan of a workspace from what is at hand. `now`: milliseconds since the epoch. */
export async function planOfWorkspace(
  { store, desired, commit, history }: Pick<Workspace, "store" | "desired" | "commit" | "history">,
  { observations, records, unread }: Remembered,
  now: number,
): Promise<Plan> {
  const planned = new Set(observations.map(({ cluster }) => cluster));
  const campaigns = await readCampaigns(
    { store, desired, history },
    desired.clusters.filter(({ name }) => planned.has(name)),
  );
  const histories = await historiesOf(history, records, desired.rotations);
  return await planFrom({ desired, observations, unread, records, campaigns, histories, commit, now });
}
