import type { CheckResult } from "../../rotation/check-result.ts";
import type { ClusterRecord } from "../../rotation/record.ts";

/** The record once checks of one's own have run: of each the newest result. */
export function checked(record: ClusterRecord, results: readonly CheckResult[]): ClusterRecord {
  if (results.length === 0) return record;
  const others = (record.checks ?? []).filter(({ name }) => !results.some((one) => one.name === name));
  return { ...record, checks: [...others, ...results] };
}
