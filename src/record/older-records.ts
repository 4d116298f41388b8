import { createHash, type Hash } from "node:crypto";
import { copyFile, link, rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { isErrno, piecesIfThere, readIfThere, storageFailure, writeDurably } from "./files.ts";
import { parseRecord, parseRecordPieces } from "./parse.ts";
import { recordPieces } from "./texts.ts";

/**
 * Records of 0.1.0, which kept them in whatever folder it was called for: read where they are, and moved to the one
 * place of the repository by the first run that holds the lock.
 */
export interface RecordFile {
  readonly file: string;
  /** Of the text: whether it is still the same is asked before it is written. */
  readonly digest: string;
  readonly record: ClusterRecord;
}

/** The record of a cluster, wherever it is; `null` where there is none. Two that disagree are a `Failure`. */
export async function findRecord(
  cluster: string,
  home: string,
  older: readonly string[],
): Promise<RecordFile | null> {
  const files = [home, ...older].map((folder) => recordFile(folder, cluster));
  const found = (await Promise.all(files.map((file) => readRecord(cluster, file)))).filter(
    (one) => one !== null,
  );
  const telling = found.filter(({ record }) => !saysNothing(record));
  const [first, ...others] = telling;
  const other = others.find(({ record }) => JSON.stringify(record) !== JSON.stringify(first?.record));
  if (first !== undefined && other !== undefined) throw twoRecords(cluster, first.file, other.file);
  return first ?? found[0] ?? null;
}

/** Where the record of a cluster is below a folder that keeps records. */
export function recordFile(folder: string, cluster: string): string {
  return join(folder, "record", `${encodeURIComponent(cluster)}.json`);
}

/** Written at home before it goes where it was, so that a kill in between leaves two that agree. */
export async function bringHome(
  cluster: string,
  home: string,
  older: readonly string[],
  notice: (message: string) => void,
): Promise<void> {
  if (older.length === 0) return;
  const found = await findRecord(cluster, home, older);
  if (found === null) return;
  const there = recordFile(home, cluster);
  for (const folder of older) {
    const file = recordFile(folder, cluster);
    if ((await readIfThere(file)) === null) continue;
    if (found.file !== there) await writeDurably(there, recordPieces(found.record));
    await moveJournal(folder, home);
    await rm(file, { force: true });
    notice(`the record of ${cluster} moved from ${folder} to ${home}, where every folder finds it`);
  }
}

async function readRecord(cluster: string, file: string): Promise<RecordFile | null> {
  const pieces = await piecesIfThere(file);
  if (pieces === null) return null;
  const hash = createHash("sha256");
  const record = await parseRecordPieces(hashed(pieces, hash), file, cluster);
  if (record !== null) return { file, digest: hash.digest("hex"), record };
  const text = await readIfThere(file);
  return text === null
    ? null
    : {
        file,
        digest: createHash("sha256").update(text).digest("hex"),
        record: parseRecord(text, file, cluster),
      };
}

async function* hashed(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

function saysNothing(record: ClusterRecord): boolean {
  if (record.rotations.length > 0) return false;
  return JSON.stringify(record) === JSON.stringify(emptyRecord(record.cluster));
}

/** It is evidence for people, and stays a file of its own where there is one already. */
async function moveJournal(folder: string, home: string): Promise<void> {
  const from = join(folder, "journal.jsonl");
  for (let number = 0; (await readIfThere(from)) !== null; number += 1) {
    const to = join(home, number === 0 ? "journal.jsonl" : `journal.${number}.jsonl`);
    try {
      await link(from, to);
    } catch (error) {
      if (isErrno(error, "EEXIST")) continue;
      if (!isErrno(error, "EXDEV")) throw storageFailure("move", from, error);
      await copyFile(from, to);
    }
    await rm(from, { force: true });
  }
}

function twoRecords(cluster: string, one: string, other: string): Failure {
  return new Failure(
    "storage",
    `there are two records of ${cluster}, and they disagree: ${one} and ${other}`,
    {
      hint: "find out which of them knows the rotation at hand (the newer times), and move the other one away: an older version kept one for each folder",
    },
  );
}
