import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { link, lstat, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { Failure } from "../failure.ts";
import { isBelow } from "../written-path.ts";
import { makeFolder } from "./made-folder.ts";
import { adviceWhereFull, systemWords } from "./system-failure.ts";

/**
 * The one place where files are written that people or other programs read: never through a symbolic link, never into
 * `.git`, never over what capstan did not write, and whole or not at all.
 *
 * Node has no openat(2), so each component is looked at (lstat) before the file appears by rename(2), which follows no
 * link at its end: what is committed, or left by an earlier run, cannot lead astray; who can change the folder in that
 * very moment could write there himself.
 */
export interface Target {
  readonly path: string;
  /** The file must be below one of these folders, and no component below it may be a link. */
  readonly roots: readonly string[];
}

/** A file that a flag of this very run names: a person chose it, wherever it is. */
export function namedByFlag(cwd: string, name: string): Target {
  const path = resolve(cwd, name);
  const inside = !isAbsolute(name) && !relative(cwd, path).split(sep).includes("..");
  return { path, roots: [inside ? cwd : dirname(path)] };
}

/** What is there, `null` where nothing is; throws where no file may be put in its place. */
export async function lookAtTarget(target: Target): Promise<Stats | null> {
  const found = await findTarget(target);
  // A file would take the place of the device itself: /dev/null for everybody on the machine.
  if (found !== null && !found.isFile())
    throw notWritten(target.path, "it is a device or a pipe", "name a file");
  return found;
}

/** The same for what is opened and written where it stands, which a device may be as well. */
export async function findTarget({ path, roots }: Target): Promise<Stats | null> {
  const root = roots.filter((folder) => isBelow(folder, path)).toSorted((a, b) => b.length - a.length)[0];
  if (root === undefined) {
    throw notWritten(
      path,
      "it is outside of the folders that may be written to",
      "CAPSTAN_WRITE lists others",
    );
  }
  const parts = relative(root, path).split(sep);
  if (path.split(sep).some((part) => part.toLowerCase() === ".git"))
    throw notWritten(path, "it is git's own", "name another place");
  let at = root;
  let found: Stats | null = null;
  for (const [index, part] of parts.entries()) {
    at = join(at, part);
    found = await lstat(at).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return null;
      throw unwritten(path, cause);
    });
    if (found === null) return null;
    if (found.isSymbolicLink())
      throw notWritten(
        path,
        `${at} is a symbolic link`,
        "remove the link, or name the place that it leads to",
      );
    const last = index === parts.length - 1;
    if (!last && !found.isDirectory()) throw notWritten(path, `${at} is no folder`, "name another place");
    if (last && found.isDirectory()) throw notWritten(path, "it is a folder", "name a file");
  }
  return found;
}

/** The text of a file that may be replaced or edited; `null` where there is none. */
export async function readTarget(target: Target): Promise<string | null> {
  const found = await lookAtTarget(target);
  if (found === null) return null;
  return await readFile(target.path, "utf8").catch((cause) => {
    throw unwritten(target.path, cause);
  });
}

/** What is to be in a file. */
export interface Content {
  readonly bytes: string | Uint8Array;
  /** 0600 for keys. */
  readonly mode?: number;
  /** Nothing may be there yet. */
  readonly fresh?: true;
}

/** Writes beside it, makes that durable, and puts it in its place. */
export async function writeTarget(target: Target, { bytes, mode, fresh }: Content): Promise<void> {
  const { path } = target;
  await lookAtTarget(target);
  const folder = dirname(path);
  const beside = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.new`);
  try {
    await makeFolder(folder, mode === undefined ? undefined : mode | 0o100);
    // What was made meanwhile is looked at again.
    await lookAtTarget(target);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const handle = await open(beside, flags, mode ?? 0o666);
    try {
      if (mode !== undefined) await handle.chmod(mode);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (fresh === true) await link(beside, path);
    else await rename(beside, path);
    await syncFolder(folder);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw unwritten(path, cause);
  } finally {
    await rm(beside, { force: true });
  }
}

/** The file is there after a power cut, too; some file systems cannot do that for a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** A `Failure` (`refused`) that says why, and what to do; nothing has been written then. */
export function notWritten(path: string, why: string, hint: string): Failure {
  return new Failure("refused", `${path} is not written: ${why}`, { hint: `nothing was written; ${hint}` });
}

function unwritten(path: string, cause: unknown): Failure {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : null;
  const why =
    code === "EEXIST"
      ? "it is there already"
      : (systemWords(cause) ?? (cause instanceof Error ? cause.message : String(cause)));
  return new Failure("storage", `cannot write ${path}: ${why}`, {
    hint: adviceWhereFull(cause) ?? "name a file in a folder that exists and can be written",
    cause,
  });
}
