import { formatDuration } from "../go-duration.ts";
import { goTime, ZERO_TIME } from "./go-print.ts";
import type { Dialect, RotationState } from "./rotation.ts";

/**
 * Resources as `tctl get` shows them: plain objects with their fields in Go's order (reference 4.3, 4.4;
 * recordings for v5 and v11). Undefined fields are left out.
 */
export type Resource = Readonly<Record<string, unknown>>;

/**
 * A rotation record. Strings are left out when empty, times never are. The struct of a listing row is not a
 * pointer in Go, so it is there even when nothing ever rotated (`inRow`).
 */
export function rotationResource(
  rotation: RotationState | null,
  dialect: Dialect,
  inRow: boolean,
): Resource | undefined {
  if (rotation === null && !inRow) return undefined;
  return {
    state: rotation?.state,
    phase: rotation?.phase,
    mode: rotation?.mode || undefined,
    current_id: rotation?.currentId ?? (dialect === "v18" ? undefined : ""),
    started: goTime(rotation?.started ?? null),
    grace_period: rotation === null ? undefined : formatDuration(rotation.gracePeriodMs),
    last_rotated: goTime(rotation?.lastRotated ?? null),
    schedule: {
      update_clients: rotation?.schedule ? goTime(rotation.schedule.update_clients) : ZERO_TIME,
      update_servers: rotation?.schedule ? goTime(rotation.schedule.update_servers) : ZERO_TIME,
      standby: rotation?.schedule ? goTime(rotation.schedule.standby) : ZERO_TIME,
    },
  };
}
