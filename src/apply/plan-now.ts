import { planFrom } from "../planner/plan-from.ts";
import { readCampaigns } from "../record/campaign-facts.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import { historiesOf } from "../rotation/history.ts";
import type { Plan } from "../rotation/plan.ts";
import { insistOnOrder } from "./applied-commit.ts";
import type { RunContext } from "./context.ts";
import type { ClusterSnapshot } from "./fresh-look.ts";

/**
 * The plan of what is known now. `desired`: where it is not what git wants that is planned, but the way back. Throws a
 * `Failure` (`refused`) where the commit does not come after the one that was applied last.
 */
export async function planNow(
  { history, commit, clock, desired: inGit, store }: RunContext,
  snapshots: readonly ClusterSnapshot[],
  desired: DesiredState = inGit,
): Promise<Plan> {
  const observations = snapshots.map(({ observation }) => observation);
  const records = snapshots.map(({ record }) => record);
  const histories = await historiesOf(history ?? null, records, inGit.rotations);
  insistOnOrder(histories);
  const planned = new Set(observations.map(({ cluster }) => cluster));
  const clusters = inGit.clusters.filter(({ name }) => planned.has(name));
  const campaigns = await readCampaigns({ store, desired: inGit, history: history ?? null }, clusters);
  return await planFrom({ desired, observations, records, campaigns, histories, commit, now: clock.now() });
}
