import type { Forecast } from "../fleet/forecast/forecast.ts";
import { makeForecast } from "../fleet/forecast/make-forecast.ts";
import type { UnreadCluster } from "../planner/planner.ts";
import { readingsOfOverrides } from "../planner/read-overrides.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { Workspace } from "./workspace.ts";

/** What was seen of the clusters of a workspace, and the time that is asked about; both in milliseconds. */
export interface ForecastLook {
  readonly observations: readonly ClusterObservation[];
  readonly unread: readonly UnreadCluster[];
  readonly now: number;
  readonly withinMs: number;
}

/** The forecast of a workspace from observations that are at hand. */
export async function forecastOfWorkspace(
  { desired, clusters, commit, store }: Workspace,
  look: ForecastLook,
): Promise<Forecast> {
  const { observations } = look;
  const [records, overrides] = await Promise.all([
    Promise.all(observations.map(({ cluster }) => store.load(cluster))),
    readingsOfOverrides(desired.overrides, observations),
  ]);
  const names = clusters.map(({ name }) => name);
  return makeForecast({ ...look, desired, clusters: names, records, overrides, commit });
}
