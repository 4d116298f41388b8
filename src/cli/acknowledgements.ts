import { acknowledgementDiagnostics } from "../checklist/acknowledgements.ts";
import type { RecordStore } from "../record/store.ts";
import type { Diagnostic } from "../resources/desired.ts";
import type { LoadResult } from "../resources/load.ts";

/**
 * Wrong acknowledgements of loaded resources. The record at hand tells when a rotation began; a statement from
 * before that is about another one.
 */
export async function checkAcknowledgements(
  { state, diagnostics, files }: LoadResult,
  store: Pick<RecordStore, "load">,
  now: number,
): Promise<readonly Diagnostic[]> {
  const rotations = state.rotations.filter(({ acknowledge }) => acknowledge.length > 0);
  // What is wrong anyway is said first; half of a file makes no sense of the rest.
  const authorities = state.authorities.filter(({ acknowledge = [] }) => acknowledge.length > 0);
  const nothing = rotations.length + authorities.length === 0;
  if (nothing || diagnostics.some(({ severity }) => severity === "error")) return [];
  const clusters = [...new Set(rotations.map(({ cluster }) => cluster))];
  const records = await Promise.all(clusters.map((cluster) => store.load(cluster)));
  const known = { files, records, now: new Date(now).toISOString() };
  return acknowledgementDiagnostics({ rotations, authorities }, known);
}
