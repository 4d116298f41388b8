import { readOverrides } from "../overrides/reading.ts";
import { makePlan } from "../planner/planner.ts";
import type { Platform } from "../platforms/platform.ts";
import type { DesiredState } from "../resources/desired.ts";
import type { HistoryFacts, HistoryReader } from "../rotation/history.ts";
import type { ClusterObservation } from "../rotation/observation.ts";
import type { Plan } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { Workspace } from "./workspace.ts";

/** Reads all clusters at once. */
export async function observeAll(
  platforms: ReadonlyMap<string, Platform>,
): Promise<readonly ClusterObservation[]> {
  return await Promise.all(
    [...platforms.values()].map((platform) => platform.observe({ components: "all" })),
  );
}

/** The plan of a workspace from observations that are at hand. */
export async function planFrom(
  workspace: Workspace,
  observations: readonly ClusterObservation[],
  now: number,
): Promise<Plan> {
  const records = await Promise.all(observations.map(({ cluster }) => workspace.store.load(cluster)));
  const { desired, commit, history } = workspace;
  const [overrides, histories] = await Promise.all([
    readOverrides(desired.overrides, observations),
    historiesOf(history, desired, records),
  ]);
  return makePlan({ desired, observations, records, overrides, histories, commit, now });
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
