import { isFinished } from "../../rotation/evidence.ts";
import { identify, type LiveAuthority } from "../../rotation/observation.ts";
import type { RotationRecord } from "../../rotation/record.ts";

/** Nobody waits for anything of it any more. `now`: ISO 8601, as everywhere in the record. */
export function ended(
  rotation: RotationRecord,
  state: "finished" | "rolled_back",
  now: string,
): RotationRecord {
  return { ...rotation, state, ended_at: now };
}

/** The reason of a rollback that capstan did not take. */
export const BY_HAND = "rolled back outside capstan";

/**
 * How a rotation ended, told by the keys that are left and by nothing else: Teleport 5 drops the old key at the end of
 * a rollback out of init (recordings/README). `null`: they do not tell.
 */
export function endOf(
  { retire }: Pick<RotationRecord, "retire">,
  live: LiveAuthority,
): "finished" | "rolled_back" | null {
  switch (isFinished(retire, live)) {
    case "proven":
      return "finished";
    case "refuted":
      return identify(live.active).some((key) => retire.includes(key)) ? "rolled_back" : null;
    case "unknown":
      return null;
  }
}
