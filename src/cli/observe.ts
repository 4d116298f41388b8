import { Failure } from "../failure.ts";
import { makePlan, type UnreadCluster } from "../planner/planner.ts";
import type { Platform } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import type { HistoryFacts, HistoryReader } from "../rotation/history.ts";
import type { Plan } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { readOverrides } from "../teleport/overrides/read-cluster.ts";
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
 * only one, there is nothing else to say.
 */
export async function observeEach(
  platforms: ReadonlyMap<string, Platform>,
  { clusters }: Pick<Workspace, "clusters">,
): Promise<{
  readonly observations: readonly ClusterObservation[];
  readonly unread: readonly UnreadCluster[];
}> {
  const unread: UnreadCluster[] = [];
  const observed = await Promise.all(
    clusters.map(async ({ name, platform }) => {
      try {
        return (await platforms.get(name)?.observe({ components: "all" })) ?? null;
      } catch (error) {
        if (!(error instanceof Failure) || error.code === "interrupted" || clusters.length === 1) throw error;
        const { code, message, hint } = error;
        unread.push({ name, platform, problem: { code, message, remedy: hint ?? "then plan again" } });
        return null;
      }
    }),
  );
  return { observations: observed.filter((observation) => observation !== null), unread };
}

/** The plan of a workspace from observations that are at hand. */
export async function planFrom(
  workspace: Workspace,
  observations: readonly ClusterObservation[],
  now: number,
  unread: readonly UnreadCluster[] = [],
): Promise<Plan> {
  const records = await Promise.all(observations.map(({ cluster }) => workspace.store.load(cluster)));
  const { desired, commit, history } = workspace;
  const [overrides, histories] = await Promise.all([
    readOverrides(desired.overrides, observations),
    historiesOf(history, desired, records),
  ]);
  return makePlan({ desired, observations, unread, records, overrides, histories, commit, now });
}

async function historiesOf(
  history: HistoryReader | null,
  { rotations }: DesiredState,
  records: readonly ClusterRecord[],
): Promise<ReadonlyMap<string, HistoryFacts>> {
  if (history === null) return new Map();
  return new Map(
    await Promise.all(
      records.map(async (record) => [record.cluster, await history(record, rotations)] as const),
    ),
  );
}
