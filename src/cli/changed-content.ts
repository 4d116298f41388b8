import { lstat, realpath } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import type { Repository } from "../git/repository.ts";
import type { ChangedContent, TrustedBase } from "../planner/trust.ts";
import { type WayOut, waysOfCluster } from "../resources/model/ways-out.ts";

/**
 * The same command line may run something else: a script that is kept in the repository, and that the pull request
 * changes. Looked for in every word of a command line, and in every file that is given to an executable.
 */
export interface Changes {
  /** What the pull request changes, from the top of the repository, with `/`. */
  readonly paths: ReadonlySet<string>;
  /** Other files than those that only say what is wanted: a script may read any of them. */
  readonly others: boolean;
}

/** The paths that HEAD has otherwise than a commit, and whether any of them is neither YAML nor Markdown. */
export async function changesSince({ git }: Repository, base: string): Promise<Changes> {
  const listed = await git.must(["diff-tree", "-r", "--name-only", "--no-renames", "-z", base, "HEAD", "--"]);
  const paths = listed.split("\0").filter((path) => path !== "");
  return { paths: new Set(paths), others: paths.some((path) => !/\.(ya?ml|md|markdown)$/i.test(path)) };
}

/** For the ways of all clusters on both sides, asked of the file system once. */
export async function changedContentOf(
  repository: Repository,
  changes: Changes,
  folders: readonly string[],
  sides: readonly Pick<TrustedBase, "desired">[],
): Promise<ChangedContent> {
  const ways = sides
    .flatMap(({ desired }) => desired.clusters)
    .flatMap(waysOfCluster)
    .filter(({ rule }) => rule === "listed-executable" || rule === "credential");
  const root = await realpath(repository.root);
  const known = new Map<string, string | null>();
  for (const { value } of ways) {
    const key = JSON.stringify(value);
    if (value !== null && !known.has(key)) known.set(key, await reasonFor(value));
  }
  return (value) => known.get(JSON.stringify(value)) ?? null;

  async function reasonFor(value: NonNullable<WayOut["value"]>): Promise<string | null> {
    for (const word of typeof value === "string" ? [value] : value.flatMap(wordsIn)) {
      for (const path of await pathsInside(root, folders, word)) {
        if (isChanged(changes, path)) return `${path} is changed`;
        if (typeof value !== "string" && changes.others && (await isTracked(repository, path))) {
          return `${path} runs, and other files than YAML and Markdown are changed, which it may read`;
        }
      }
    }
    return null;
  }
}

/** `sh -c "./tools/tctl $@"`, `--config=./x`: a word of a command line may have paths within. */
function wordsIn(argument: string): readonly string[] {
  return [argument, ...argument.split(/[\s"'`=:;,|&()<>$]+/).filter((word) => word !== "")];
}

/** Where a word would lead within the repository: as it is written, and where links take it. */
async function pathsInside(
  root: string,
  folders: readonly string[],
  word: string,
): Promise<readonly string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const path = resolve(folder, word);
      const isThere = await lstat(path).then(
        () => true,
        () => false,
      );
      if (!isThere) return [];
      const real = await realpath(path).catch(() => path);
      return [path, real];
    }),
  );
  return [...new Set(found.flat())].flatMap((path) => {
    const inside = relative(root, path).split(sep).join("/");
    return inside === "" || inside === ".." || inside.startsWith("../") || /^\.git(\/|$)/.test(inside)
      ? []
      : [inside];
  });
}

/** The file itself, something in the folder, or a folder above it that became a link. */
function isChanged({ paths }: Changes, path: string): boolean {
  return [...paths].some(
    (changed) => changed === path || changed.startsWith(`${path}/`) || path.startsWith(`${changed}/`),
  );
}

async function isTracked({ git, root }: Repository, path: string): Promise<boolean> {
  const listed = await git.at(root, "folder").must(["ls-tree", "--name-only", "-z", "HEAD", "--", path]);
  return listed !== "";
}
