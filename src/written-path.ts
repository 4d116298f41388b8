import { isAbsolute, normalize, relative, resolve, sep } from "node:path";

/**
 * Where capstan may write what a resource names: whoever can change the YAML must not be able to have a file replaced
 * that is not capstan's. Below `.capstan/`, or in a folder that the operator's environment lists in CAPSTAN_WRITE.
 */
const OPERATORS_FOLDERS = "CAPSTAN_WRITE";

const OWN = ".capstan";

/** What capstan keeps there for itself: the record, its locks, the emulated clusters. */
const RESERVED = /^(record|locks?(\..*)?|lock\.json|backup|journal.*|sandbox|work|\.gitignore)$/i;

/** Absolute folders, separated as in PATH. */
function operatorsFolders(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return (env[OPERATORS_FOLDERS] ?? "")
    .split(":")
    .filter(isAbsolute)
    .map((folder) => normalize(folder).replace(/(?<=.)\/+$/, ""));
}

/** Why a resource may not have a file written there, as a clause; `null` where it may. */
export function problemWithWrittenPath(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const parts = path.split(/[\\/]/);
  if (parts.includes("..")) return 'leads out of its folder (".."), and nothing is written there';
  if (parts.some((part) => part.toLowerCase() === ".git"))
    return "is git's own, and nothing is written there";
  if (isAbsolute(path)) {
    if (operatorsFolders(env).some((folder) => isBelow(folder, path))) return null;
    return `is an absolute path, which only the operator's environment can allow (${OPERATORS_FOLDERS} lists folders)`;
  }
  const [first, second] = normalize(path).split(sep);
  if (first !== OWN || second === undefined || second === "")
    return `is not below ${OWN}/, and nothing else of a repository is written`;
  return RESERVED.test(second) ? `is where capstan keeps ${OWN}/${second} for itself` : null;
}

/** Folders below which a file may be written that a resource in `folder` names. */
export function writableRoots(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return [resolve(folder), ...operatorsFolders(env)];
}

/** Whether an absolute path lies below a folder, by its text alone: links are not followed. */
export function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !isAbsolute(way) && way.split(sep)[0] !== "..";
}
