import { authorityType } from "../rotation/authority-type.ts";
import { identify, type LiveAuthority } from "../rotation/observation.ts";
import { phaseRecord, type RotationRecord } from "../rotation/record.ts";

/** Components report the host CA only; for every other type their rows say nothing (reference 3.1, recordings). */
export function reportedByComponents(type: string): boolean {
  return authorityType(type)?.reportedByComponents ?? false;
}

/**
 * Whether leaving rollback could cut somebody off. Before update_clients the new key signs nothing, so no
 * component can hold a certificate from it and dropping it hurts nobody (reference teleport-rotation 1.4); unless
 * the platform let the new key sign after all, as v5 does (recordings/README).
 */
export function newKeyWasUsed(record: RotationRecord | undefined, authority: LiveAuthority): boolean {
  if (record === undefined || phaseRecord(record, "update_clients") !== undefined) return true;
  return !identify(authority.active).every((key) => record.retire.includes(key));
}
