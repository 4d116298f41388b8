import { failureOfOne } from "../failure.ts";
import type { Plan } from "../rotation/plan.ts";
import { clusterSamples, type MetricFacts } from "../views/metrics/cluster-samples.ts";
import type { Sample } from "../views/metrics/metric-table.ts";
import { forecastOfWorkspace } from "./forecast-of-workspace.ts";
import type { Remembered } from "./observe.ts";
import type { Workspace } from "./workspace.ts";

/** What was seen, and what was planned from it. */
interface PlannedLook extends Remembered {
  readonly plan: Plan;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The metrics of a workspace from a plan that is at hand. */
export async function samplesOfWorkspace(
  workspace: Workspace,
  { plan, now, ...known }: PlannedLook,
): Promise<readonly Sample[]> {
  // What is due is told by its date, whenever that is.
  const [forecast, { locks, unknownLocks }] = await Promise.all([
    forecastOfWorkspace(workspace, { ...known, plan, unread: [], now, withinMs: 0 }),
    locksOf(workspace),
  ]);
  return clusterSamples({ ...known, plan, forecast, locks, unknownLocks, now });
}

/** Of one lock that cannot be read nothing is known, and the others are told. */
async function locksOf({ store, clusters }: Workspace): Promise<Pick<MetricFacts, "locks" | "unknownLocks">> {
  try {
    return { locks: await store.locks(), unknownLocks: new Set() };
  } catch (error) {
    failureOfOne(error);
  }
  const unknownLocks = new Set<string>();
  const asked = await Promise.all(
    clusters.map(async ({ name }) => {
      try {
        return await store.lockState(name);
      } catch (error) {
        failureOfOne(error);
        unknownLocks.add(name);
        return null;
      }
    }),
  );
  return { locks: asked.filter((lock) => lock !== null), unknownLocks };
}
