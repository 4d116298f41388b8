import type { CampaignView } from "../fleet/campaign-view.ts";
import { waitBefore } from "../fleet/wait-for-waves.ts";
import { waveOf, wavesOf } from "../fleet/waves.ts";
import type { ClusterResource, DesiredState } from "../resources/model/desired.ts";
import { type Hold, isInForce } from "../resources/model/hold.ts";
import { isForward } from "../rotation/phase.ts";
import type { ClusterPlan, HoldPlan, RotationPlan, WavePlan } from "../rotation/plan.ts";

/** Where a cluster stands among the waves, and what the next step of each of its rotations waits for. */
export function wavePlan(
  cluster: ClusterResource,
  desired: DesiredState,
  planned: readonly RotationPlan[],
  campaign: (rotation: RotationPlan) => CampaignView | undefined,
  now: number,
): WavePlan | null {
  const waves = wavesOf(desired);
  if (waves.length === 0) return null;
  const waits = planned.flatMap((rotation) => {
    const next = rotation.steps.find((step) => step.from !== step.to && isForward(step));
    const view = campaign(rotation);
    return next === undefined || view === undefined ? [] : [waitBefore(view, next.to, now)];
  });
  const moments = waits.flatMap(({ until }) => (until === null ? [] : [until]));
  return {
    name: waveOf(cluster, waves)?.name ?? null,
    waits_for: [...new Set(waits.flatMap(({ waitsFor }) => waitsFor))],
    until: moments.toSorted().at(-1) ?? null,
  };
}

/** As the plan shows it; `null` for one that is over. `now`: milliseconds since the epoch. */
export function holdInForce(hold: Hold | undefined, now: number): HoldPlan | null {
  return hold !== undefined && isInForce(hold, now) ? hold : null;
}

/** What git alone tells of a cluster that was not read. */
export function withOrder(
  plan: ClusterPlan,
  { clusters, repository }: DesiredState,
  now: number,
): ClusterPlan {
  const cluster = clusters.find(({ name }) => name === plan.name);
  if (cluster === undefined) return plan;
  const waves = wavesOf(repository === undefined ? {} : { repository });
  const wave =
    waves.length === 0 ? null : { name: waveOf(cluster, waves)?.name ?? null, waits_for: [], until: null };
  return { ...plan, wave, hold: holdInForce(cluster.hold, now) };
}
