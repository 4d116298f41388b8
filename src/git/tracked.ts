import { existsSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Git } from "./git.ts";

/**
 * What git tracks at a path of a work tree, or below it: whatever is there came, or may come, with a commit. Also where
 * the path is a link, for the link and for where it leads; in any case of letters, as some file systems take them for
 * the same. Paths are below the folder of the one asked for.
 */
export async function trackedAt(git: Git, path: string): Promise<readonly string[]> {
  if (!existsSync(dirname(path))) return [];
  const real = existsSync(path) ? realpathSync(path) : path;
  const found = await Promise.all(
    [...new Set([path, real])].map(async (one) => {
      const name = basename(one);
      const listed = await git
        .at(dirname(one), "folder")
        .must(["ls-files", "-z", "--", `:(icase,literal)${name}`]);
      return listed
        .split("\0")
        .filter((file) => file !== "")
        .map((file) => `${basename(path)}${file.slice(name.length)}`);
    }),
  );
  return [...new Set(found.flat())].sort();
}
