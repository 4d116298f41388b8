import type { RotationResource } from "../resources/model/desired.ts";
import { formatDuration } from "../resources/model/duration.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Edge } from "../rotation/phase.ts";
import type { GuardId } from "../rotation/plan.ts";

/** What the platform does next by its own clock, as an edge; `null` when it does nothing by itself. */
export function nextByItself({ rotation }: LiveAuthority): Edge | null {
  if (rotation.mode !== "auto" || rotation.state !== "in_progress") return null;
  switch (rotation.phase) {
    case "init":
      return { from: "init", to: "update_clients" };
    case "update_clients":
      return { from: "update_clients", to: "update_servers" };
    case "update_servers":
      return { from: "update_servers", to: "standby" };
    case "rollback":
    case "standby":
      return null;
  }
}

/** When the platform takes its next step, milliseconds since the epoch; `null` when it does nothing by itself. */
export function nextMoveAt(live: LiveAuthority): number | null {
  const { schedule } = live.rotation;
  const next = nextByItself(live)?.to;
  if (schedule === null || next === undefined || next === "init" || next === "rollback") return null;
  return Date.parse(schedule[next]);
}

/** Guards that hold a hand, and not a clock: in automatic mode the schedule is what was asked for. */
export const NOT_FOR_CLOCKS: readonly GuardId[] = ["soak", "window"];

/** The schedule and what it means, for every plan of an automatic rotation (reference teleport-rotation 1.7). */
export function scheduleNotes(
  { mode, gracePeriodMs }: RotationResource,
  live: LiveAuthority,
): readonly string[] {
  if (mode !== "auto" || gracePeriodMs == null) return [];
  const warning =
    "Teleport moves it by its own clock and looks at no component; capstan watches while `apply` or `reconcile` runs, and nobody else does";
  const { schedule, state } = live.rotation;
  if (state === "in_progress" && live.rotation.mode === "manual") {
    return [`${live.type} was started as automatic and is in manual hands now`];
  }
  if (state === "in_progress" && schedule !== null) {
    const times = `update_clients ${schedule.update_clients}, update_servers ${schedule.update_servers}, standby ${schedule.standby}`;
    return [`automatic schedule of ${live.type}: ${times}`, warning];
  }
  const third = (count: number) => formatDuration((gracePeriodMs / 3) * count);
  return [
    `automatic schedule of ${live.type}, from its start: update_clients after ${third(1)}, update_servers after ${third(2)}, standby after ${third(3)}: the old key is dropped then`,
    warning,
  ];
}
