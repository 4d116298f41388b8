import { formatGoDuration } from "../go-duration.ts";
import { printTime, ZERO_TIME } from "./go-print.ts";
import type { RotationState, TctlDialect } from "./rotation-machine.ts";

/**
 * Resources as `tctl get` shows them: plain objects with their fields in Go's order (reference 4.3, 4.4;
 * recordings for v5 and v11). Undefined fields are left out.
 */
export type TctlResource = Readonly<Record<string, unknown>>;

/**
 * A rotation record. Strings are left out when empty, times never are. The struct of a listing row is not a
 * pointer in Go, so it is there even when nothing ever rotated (`inRow`).
 */
export function rotationResource(
  rotation: RotationState | null,
  dialect: TctlDialect,
  inRow: boolean,
): TctlResource | undefined {
  if (rotation === null && !inRow) return undefined;
  return {
    state: rotation?.state,
    phase: rotation?.phase,
    mode: rotation?.mode || undefined,
    current_id: rotation?.currentId ?? (dialect === "v18" ? undefined : ""),
    started: printTime(rotation?.started ?? null),
    grace_period: rotation === null ? undefined : formatGoDuration(rotation.gracePeriodMs),
    last_rotated: printTime(rotation?.lastRotated ?? null),
    schedule: {
      update_clients: rotation?.schedule ? printTime(rotation.schedule.update_clients) : ZERO_TIME,
      update_servers: rotation?.schedule ? printTime(rotation.schedule.update_servers) : ZERO_TIME,
      standby: rotation?.schedule ? printTime(rotation.schedule.standby) : ZERO_TIME,
    },
  };
}
