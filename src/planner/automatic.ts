import type { PlatformProfile } from "../profile/profile.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { formatDuration } from "../resources/model/duration.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { GuardId } from "../rotation/plan.ts";

/** Guards that hold a hand, and not a clock: in automatic mode the schedule is what was asked for. */
export const NOT_FOR_CLOCKS: readonly GuardId[] = ["soak", "window"];

/** The schedule and what it means, for every plan of an automatic rotation (reference teleport-rotation 1.7). */
export function scheduleNotes(
  { mode, gracePeriodMs }: RotationResource,
  live: LiveAuthority,
  { clock }: Pick<PlatformProfile, "clock">,
): readonly string[] {
  if (mode !== "auto" || gracePeriodMs == null) return [];
  const { schedule, state } = live.rotation;
  if (state === "in_progress" && live.rotation.mode === "manual") {
    return [`${live.type} was started as automatic and is in manual hands now`];
  }
  if (state === "in_progress" && schedule !== null) {
    const times = `update_clients ${schedule.update_clients}, update_servers ${schedule.update_servers}, standby ${schedule.standby}`;
    return [`automatic schedule of ${live.type}: ${times}`, clock.warning];
  }
  const third = (count: number) => formatDuration((gracePeriodMs / 3) * count);
  return [
    `automatic schedule of ${live.type}, from its start: update_clients after ${third(1)}, update_servers after ${third(2)}, standby after ${third(3)}: the old key is dropped then`,
    clock.warning,
  ];
}
