import { readOverrides } from "../overrides/reading.ts";
import { makePlan } from "../planner/planner.ts";
import type { Platform } from "../platforms/platform.ts";
import type { ClusterObservation } from "../rotation/observation.ts";
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

/** The plan of a workspace from observations that are at hand. */
export async function planFrom(
  workspace: Workspace,
  observations: readonly ClusterObservation[],
  now: number,
): Promise<Plan> {
  const records = await Promise.all(observations.map(({ cluster }) => workspace.store.load(cluster)));
  const { desired, commit } = workspace;
  const overrides = await readOverrides(desired.overrides, observations);
  return makePlan({ desired, observations, records, overrides, commit, now });
}
