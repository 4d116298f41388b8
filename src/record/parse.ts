import { Failure } from "../failure.ts";
import { record as isRecord } from "../resources/read/compiled/record.js";
import type { ClusterRecord } from "../rotation/record.ts";
import { RosterSplitter } from "./roster-splitter.ts";

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
  return ofCluster(value as ClusterRecord, file, cluster);
}

/**
 * The same from the bytes of the file, piece by piece, where it is laid out as it was written: then rosters go into columns
 * as they come, and no piece of the file is kept. `null`: it is laid out otherwise, or damaged; `parseRecord` tells.
 */
export async function parseRecordPieces(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  file: string,
  cluster: string,
): Promise<ClusterRecord | null> {
  const splitter = new RosterSplitter();
  try {
    for await (const piece of pieces) splitter.push(piece);
    const value = splitter.end();
    if (!isRecord(value)) return null;
    const record = splitter.withRosters(value as ClusterRecord);
    return record === null ? null : ofCluster(record, file, cluster);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function ofCluster(record: ClusterRecord, file: string, cluster: string): ClusterRecord {
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
