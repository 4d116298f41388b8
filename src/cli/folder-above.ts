import { join, posix, relative } from "node:path";
import type { Repository } from "../git/repository.ts";
import { yamlFilesWith } from "../git/search.ts";
import { isHidden } from "../resources/read/resource-path.ts";

/** A line that a `cluster` resource has to have, in whatever style of YAML (POSIX). */
const MENTION = "kind[\"']?[[:space:]]*:[[:space:]]*[\"']?cluster[\"']?[[:space:]]*(#.*)?[,}]?$";

/**
 * For whoever stands too deep in a clone: the nearest folder above below which HEAD has a cluster resource, as one names
 * it in `cwd`. `null`: there is none.
 */
export async function folderAbove(
  git: Repository | null,
  folder: string,
  cwd: string,
): Promise<string | null> {
  if (git?.commit == null) return null;
  const paths = (await yamlFilesWith(git.git, git.commit, MENTION)).filter((path) => !isHidden(path));
  for (let above = git.prefix; above !== ""; ) {
    above = posix.dirname(above) === "." ? "" : posix.dirname(above);
    const below = above === "" ? "" : `${above}/`;
    if (!paths.some((path) => path.startsWith(below))) continue;
    return relative(cwd, join(folder, posix.relative(git.prefix, above))) || ".";
  }
  return null;
}
