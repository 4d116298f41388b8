import type { Forecast } from "../fleet/forecast/forecast.ts";
import { makeForecast } from "../fleet/forecast/make-forecast.ts";
import { readingsOfOverrides } from "../planner/read-overrides.ts";
import type { Plan } from "../rotation/plan.ts";
import type { Remembered } from "./observe.ts";
import type { Workspace } from "./workspace.ts";

/** What was seen of the clusters of a workspace, and the time that is asked about; both in milliseconds. */
export interface ForecastLook extends Remembered {
  readonly plan: Plan;
  readonly now: number;
  readonly withinMs: number;
}

/** The forecast of a workspace from observations that are at hand. */
export async function forecastOfWorkspace(
  { desired, clusters, commit }: Workspace,
  look: ForecastLook,
): Promise<Forecast> {
  const overrides = await readingsOfOverrides(desired.overrides, look.observations);
  const names = clusters.map(({ name }) => name);
  return makeForecast({ ...look, desired, clusters: names, overrides, commit });
}
