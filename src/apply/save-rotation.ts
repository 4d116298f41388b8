import { remember } from "../record/changes/remember.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { giveUpPlaces } from "./campaign-place.ts";
import type { ClusterRun } from "./context.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** Puts the open rotation of this step into the record as it is now, beside whatever else changed there. */
export async function saveRotation(
  run: ClusterRun,
  atHand: StepAtHand,
  memory: RotationRecord,
): Promise<void> {
  const before = await run.store.load(atHand.cluster.name);
  const after = remember(before, memory);
  await giveUpPlaces(run, before, after);
  await run.store.save(after);
}
