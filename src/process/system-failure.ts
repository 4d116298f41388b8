import { Failure } from "../failure.ts";

const MAKE_ROOM = "make room, then run it again";

/** What the system says no with, as people say it (errno(3)); with what to do about it. */
const SAID: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ["there is no space left on the device", MAKE_ROOM],
  EDQUOT: ["the quota is used up", MAKE_ROOM],
  EROFS: ["the file system is read-only", "name a place that can be written"],
  EACCES: ["this user may not", "look at its owner and mode"],
  EPERM: ["this user may not", "look at its owner and mode"],
  ENOENT: ["it is not there", "name one that is"],
  ENOTDIR: ["a part of the path is a file, not a folder", "name a folder"],
  EISDIR: ["it is a folder", "name a file"],
  EEXIST: ["a file is there already, in place of a folder", "name another place, or move it away"],
  ENAMETOOLONG: ["the name is too long", "name a shorter one"],
  ELOOP: ["its links lead in a circle", "name the place itself"],
  EMFILE: ["too many files are open", "raise the limit (`ulimit -n`), then run it again"],
  EIO: ["the device does not answer as it should", "look at the disk"],
};

/** What the system said, as people say it: `there is no space left on the device (ENOSPC)`; `null` for other errors. */
export function systemWords(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  const said = SAID[error.code];
  return said === undefined ? null : `${said[0]} (${error.code})`;
}

/** What to do where nothing is wrong with the place but that it is full; `null` for other errors. */
export function adviceWhereFull(error: unknown): string | null {
  const isFull =
    error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  return isFull ? MAKE_ROOM : null;
}

/** An error of the system as a sentence: its world is broken, not capstan. `null` for every other error. */
export function systemFailure(error: unknown): Failure | null {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return null;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  const said = code === undefined ? undefined : SAID[code];
  if (said === undefined) return null;
  const [what, hint] = said;
  const where = path === undefined ? "" : ` ${path}`;
  return new Failure("storage", `cannot ${syscall}${where}: ${what} (${code})`, { hint, cause: error });
}
