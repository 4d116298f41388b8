import type { Fingerprint } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { TalosType } from "./authority-types.ts";

/**
 * One pair of Talos CAs. Talos forgets the old key when it is swapped (reference talos-rotation 2.4), and shows no
 * phase; both are kept here from before the first change on.
 */
export interface TalosKeys {
  readonly authority: TalosType;
  readonly old: Fingerprint;
  readonly next: Fingerprint;
  readonly old_certificate: string;
  readonly next_certificate: string;
  /** The old private key, sealed with age for the recipients of the cluster. */
  readonly old_key: string;
  readonly sealed_at: string;
  /** The last phase that every machine was proven to be in, with its client configurations written. */
  readonly reached: Phase;
}

/** The record with the part of this platform, which its schema checks and nobody else reads. */
type TalosRecord = ClusterRecord & { readonly talos?: readonly TalosKeys[] };

/** What the record keeps of a Talos cluster, the latest last. */
export function keptKeys(record: TalosRecord): readonly TalosKeys[] {
  return record.talos ?? [];
}

/** The record with these in the place of what it kept. */
export function withKeptKeys(record: ClusterRecord, keys: readonly TalosKeys[]): ClusterRecord {
  const kept: TalosRecord = { ...record, talos: keys };
  return kept;
}
