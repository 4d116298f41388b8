import { Failure } from "../failure.ts";
import { planFrom } from "../planner/plan-from.ts";
import type { UnreadCluster } from "../planner/planner.ts";
import type { Platform } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { readCampaigns } from "../record/campaign-facts.ts";
import { historiesOf } from "../rotation/history.ts";
import type { Plan } from "../rotation/plan.ts";
import type { Workspace } from "./workspace.ts";

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
  { alone = "throw" }: { readonly alone?: "throw" | "name" } = {},
): Promise<{
  readonly observations: readonly ClusterObservation[];
  readonly unread: readonly UnreadCluster[];
}> {
  const unread: UnreadCluster[] = [];
  const throws = clusters.length === 1 && alone === "throw";
  const observed = await Promise.all(
    clusters.map(async ({ name, platform }) => {
      try {
        return (await platforms.get(name)?.observe({ components: "all" })) ?? null;
      } catch (error) {
        if (!(error instanceof Failure) || error.code === "interrupted" || throws) throw error;
        const { code, message, hint } = error;
        unread.push({ name, platform, problem: { code, message, remedy: hint ?? "then plan again" } });
        return null;
      }
    }),
  );
  return { observations: observed.filter((observation) => observation !== null), unread };
}

/** The plan of a workspace from observations that are at hand. `now`: milliseconds since the epoch. */
export async function planOfWorkspace(
  { store, desired, commit, history }: Workspace,
  observations: readonly ClusterObservation[],
  now: number,
  unread: readonly UnreadCluster[] = [],
): Promise<Plan> {
  const planned = new Set(observations.map(({ cluster }) => cluster));
  const [records, campaigns] = await Promise.all([
    Promise.all(observations.map(({ cluster }) => store.load(cluster))),
    readCampaigns(
      store,
      desired,
      desired.clusters.filter(({ name }) => planned.has(name)),
    ),
  ]);
  const histories = await historiesOf(history, records, desired.rotations);
  return await planFrom({ desired, observations, unread, records, campaigns, histories, commit, now });
}
