import type { CheckResult } from "../../rotation/check-result.ts";
import type { ClusterRecord } from "../../rotation/record.ts";

/** The record once checks of one's own have run: of each that git still `names` the newest result. */
export function checked(
  record: ClusterRecord,
  results: readonly CheckResult[],
  names: readonly string[],
): ClusterRecord {
  if (results.length === 0) return record;
  const others = (record.checks ?? []).filter(
    ({ name }) => names.includes(name) && !results.some((one) => one.name === name),
  );
  return { ...record, checks: [...others, ...results] };
}
