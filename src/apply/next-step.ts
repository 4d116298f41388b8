import { heldByDrift } from "../planner/drift.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import type { ClusterRun } from "./context.ts";
import type { FreshLook } from "./fresh-look.ts";
import { planNow } from "./plan-now.ts";
import { isUnsettled } from "./settle-overrides.ts";
import { authorityNow, type StepAtHand } from "./step-at-hand.ts";

/** The next step of a rotation, judged by a look; `null` when there is none. */
export async function nextStep(
  run: ClusterRun,
  look: FreshLook,
  rotationName: string,
  desired: DesiredState,
): Promise<StepAtHand | null> {
  const [plan] = (await planNow(run, [look], desired)).clusters;
  const step = plan?.rotations.find(({ name }) => name === rotationName)?.steps[0];
  if (plan === undefined || step === undefined) return null;
  const { observation, record } = look;
  const live = authorityNow(look, step.authority);
  if (live === undefined) {
    throw new Error(`${observation.cluster} was planned without the ${step.authority} CA`);
  }
  const { cluster, platform } = run;
  const resource =
    desired.rotations.find(
      (rotation) => rotation.name === rotationName && rotation.cluster === cluster.name,
    ) ?? null;
  const unsettled = isUnsettled(plan, step.authority);
  const drift = heldByDrift(plan.drift, step) ?? null;
  return {
    cluster,
    platform,
    rotationName,
    resource,
    step,
    look,
    observation,
    live,
    record,
    unsettled,
    drift,
  };
}
