import type { ClusterObservation } from "../profile/profile.ts";
import type { Plan } from "../rotation/plan.ts";
import { clusterSamples } from "../views/metrics/cluster-samples.ts";
import type { Sample } from "../views/metrics/metric-table.ts";
import { forecastOfWorkspace } from "./forecast-of-workspace.ts";
import type { Workspace } from "./workspace.ts";

/** What was seen, and what was planned from it. */
interface PlannedLook {
  readonly plan: Plan;
  readonly observations: readonly ClusterObservation[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The metrics of a workspace from a plan that is at hand. */
export async function samplesOfWorkspace(
  workspace: Workspace,
  { plan, observations, now }: PlannedLook,
): Promise<readonly Sample[]> {
  const { store, clusters } = workspace;
  // What is due is told by its date, whenever that is.
  const look = { observations, unread: [], now, withinMs: 0 };
  const [forecast, records, locks] = await Promise.all([
    forecastOfWorkspace(workspace, look),
    Promise.all(clusters.map(({ name }) => store.load(name))),
    store.locks(),
  ]);
  return clusterSamples({ plan, observations, records, forecast, locks, now });
}
