import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import {
  type FileHandle,
  link,
  open,
  readdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname } from "node:path";
import { Failure } from "../failure.ts";
import { makeFolder } from "../process/made-folder.ts";
import { systemWords } from "../process/system-failure.ts";

const PIECE_BYTES = 256 * 1024;

/** `null`: there is no such file. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw storageFailure("read", file, error);
  }
}

/** Its bytes, piece by piece; `null`: there is no such file. */
export async function piecesIfThere(file: string): Promise<AsyncIterable<Uint8Array> | null> {
  try {
    return piecesOf(await open(file), file);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw storageFailure("read", file, error);
  }
}

async function* piecesOf(handle: FileHandle, file: string): AsyncIterable<Uint8Array> {
  try {
    const { size } = await handle.stat();
    yield* handle.createReadStream({ highWaterMark: Math.min(size + 1, PIECE_BYTES) });
  } catch (error) {
    throw storageFailure("read", file, error);
  }
}

/** SHA-256 of what is in it; `null`: there is no such file. */
export async function digestIfThere(file: string): Promise<string | null> {
  const pieces = await piecesIfThere(file);
  if (pieces === null) return null;
  const hash = createHash("sha256");
  for await (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Of a folder, in no order; none where there is no such folder. Throws a `Failure` (`storage`). */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw storageFailure("read", folder, error);
  }
}

/** Sorted; whatever else somebody's programs leave there (`.DS_Store`) is left out. */
export async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw storageFailure("read", folder, error);
  }
}

/** Written beside and renamed, so that a kill leaves the old file or the new one, never half of it. */
export async function writeDurably(file: string, text: string | Iterable<string>): Promise<void> {
  const beside = `${file}.${process.pid}.new`;
  try {
    await makeFolder(dirname(file));
    const handle = await open(beside, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw storageFailure("write", file, error);
  }
}

/** Never through a link, which somebody else may have put there. */
export async function appendDurably(file: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(file));
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
    const handle = await open(file, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
    try {
      await handle.appendFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storageFailure("write", file, error);
  }
}

/**
 * True when the file is ours. It appears whole or not at all, with `at` as its time: one that another run could read
 * half-written would look like a lock that was left behind.
 */
export async function createExclusively(file: string, text: string, at: number): Promise<boolean> {
  const beside = `${file}.${randomUUID()}.new`;
  try {
    await makeFolder(dirname(file));
    await writeFile(beside, text, { mode: 0o600, flush: true });
    await utimes(beside, at / 1000, at / 1000);
    await link(beside, file);
    return true;
  } catch (error) {
    // ENOENT: the holder of the lock has swept it away, as it could not know that its writer lives.
    if (isErrno(error, "EEXIST") || isErrno(error, "ENOENT")) return false;
    throw storageFailure("take the lock", file, error);
  } finally {
    await rm(beside, { force: true });
  }
}

/** `what`: the verb of what could not be done with the file. */
export function storageFailure(what: string, file: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const why = systemWords(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  return new Failure("storage", `cannot ${what} ${file}: ${why}`, {
    hint: "check the permissions and the free space of this folder",
    cause,
  });
}

/** Whether the system answered with this code, as `ENOENT` (errno(3)). */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
