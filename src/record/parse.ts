import { Failure } from "../failure.ts";
import { record as isRecord } from "../resources/read/compiled/record.js";
import type { ClusterRecord } from "../rotation/record.ts";

/** Reads a record file; one that is damaged, or another cluster's, is a failure, as a wrong memory is worse than none. */
export function parseRecord(text: string, file: string, cluster: string): ClusterRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, "it is not JSON", cause);
  }
  if (!isRecord(value)) {
    const [error] = isRecord.errors ?? [];
    throw damaged(file, `${error?.instancePath || "/"} ${error?.message ?? "is not a record"}`);
  }
  const record = value as ClusterRecord;
  if (record.cluster !== cluster)
    throw damaged(file, `it is the record of ${record.cluster}, not of ${cluster}`);
  return record;
}

function damaged(file: string, why: string, cause?: unknown): Failure {
  return new Failure("storage", `the record ${file} cannot be read: ${why}`, {
    hint: "restore it from a backup, or move it away: without it capstan is stricter, not unsafe",
    cause,
  });
}
