import type { ClusterRecord, RotationRecord } from "../../rotation/record.ts";

/**
 * Puts a changed rotation back into the record; at most one per authority is open. All of this folder are functions
 * from record to record, and apply saves what they return: the record follows what was observed, and never runs ahead.
 */
export function remember(record: ClusterRecord, rotation: RotationRecord): ClusterRecord {
  return {
    ...record,
    rotations: record.rotations.map((entry) =>
      entry.authority === rotation.authority && entry.ended_at === null ? rotation : entry,
    ),
  };
}
