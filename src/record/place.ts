import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { Failure } from "../failure.ts";

/** Where the record of a repository is kept on this machine. */
export interface RecordPlace {
  readonly home: string;
  /** Where a version that kept it in the folder it was called for may have left one. */
  readonly older: readonly string[];
}

/** What git says of the folder; absolute paths. */
export interface GitPlace {
  /** Top of the work tree that the folder is in. */
  readonly top: string;
  /** What all work trees of the repository share. */
  readonly common: string;
}

const NAME = ".capstan";

/** Outside of git, each folder is on its own. */
export function placeOutsideGit(folder: string): RecordPlace {
  return { home: join(folder, NAME), older: [] };
}

/**
 * One place for every folder and every work tree of a repository: `.capstan` at the top of the main work tree, which
 * is where the common git directory is. A bare repository, or one whose git directory is elsewhere, has no such place
 * that all of its work trees could find; there it is `capstan` in the git directory itself.
 */
export async function placeInGit(folder: string, { top, common }: GitPlace): Promise<RecordPlace> {
  const here = await realpath(folder).catch(() => top);
  const home = await homeInGit(common);
  return { home, older: await olderPlaces(here, top, common, home) };
}

/** Of a repository whose git directory is this one. */
export async function homeInGit(common: string): Promise<string> {
  const main = await mainWorkTree(common);
  if (main === null) return join(common, "capstan");
  const home = join(main, NAME);
  await insistOnNoWayOut(main, home);
  return home;
}

async function mainWorkTree(common: string): Promise<string | null> {
  if (common.endsWith(`${sep}.git`)) return dirname(common);
  // A submodule: its git directory is in that of the repository around it, and names its work tree; in a file of its
  // own once the submodule has a sparse checkout (git-worktree(1), "CONFIGURATION FILE").
  const files = ["config.worktree", "config"].map((name) =>
    readFile(join(common, name), "utf8").catch(() => ""),
  );
  const lines = (await Promise.all(files)).map((text) => /^\s*worktree\s*=\s*(.+?)\s*$/im.exec(text)?.[1]);
  const tree = lines.find((line) => line !== undefined);
  return tree === undefined ? null : resolve(common, unquoted(tree));
}

/** As git writes a value with `#`, `;` or outer spaces in it (git-config(1), "Syntax"). */
function unquoted(value: string): string {
  const [, inner] = /^"(.*)"$/.exec(value) ?? [];
  return (inner ?? value).replace(/\\(["\\])/g, "$1");
}

/** A link in the repository may come with a commit: nothing is read or written where it leads to outside. */
async function insistOnNoWayOut(main: string, home: string): Promise<void> {
  const root = await realpath(main);
  const parts = [home, ...["record", "locks", "backup"].map((name) => join(home, name))];
  for (const part of parts) {
    const found = await lstat(part).catch(() => null);
    if (found?.isSymbolicLink() !== true) continue;
    const target = await realpath(part).catch(() => null);
    if (target !== null && isBelow(root, target)) continue;
    throw new Failure(
      "refused",
      `${part} is a link that leads out of the repository; the record is not kept there`,
      {
        hint: "remove the link; `record: refs` in the repository resource is what machines can share",
      },
    );
  }
}

async function olderPlaces(
  here: string,
  top: string,
  common: string,
  home: string,
): Promise<readonly string[]> {
  const tops = [top, ...(await workTrees(common))];
  const within = relative(top, here);
  const candidates = tops.flatMap((tree) => foldersDownTo(tree, within).map((folder) => join(folder, NAME)));
  // Once there is a record at home, others were made by hand or by an older version beside it, and near by.
  const searched = (await isThere(join(home, "record"))) ? [] : await everyPlaceBelow(top);
  const all = [...new Set([...candidates, ...searched])].filter((place) => place !== home);
  const found = await Promise.all(
    all.map(async (place) => ((await isOlderPlace(place, top)) ? [place] : [])),
  );
  return found.flat().sort();
}

/** Tops of the linked work trees (gitrepository-layout(5), `worktrees/<id>/gitdir`). */
async function workTrees(common: string): Promise<readonly string[]> {
  const ids = await readdir(join(common, "worktrees")).catch(() => []);
  const files = await Promise.all(
    ids.map((id) => readFile(join(common, "worktrees", id, "gitdir"), "utf8").catch(() => null)),
  );
  const main = await mainWorkTree(common);
  return [
    ...(main === null ? [] : [main]),
    ...files.flatMap((file) => (file === null ? [] : [dirname(file.trim())])),
  ];
}

function foldersDownTo(top: string, within: string): readonly string[] {
  const names = within === "" ? [] : within.split(sep);
  return [top, ...names.map((_, index) => join(top, ...names.slice(0, index + 1)))];
}

/** Not through links, and not into other repositories. */
async function everyPlaceBelow(top: string): Promise<readonly string[]> {
  const found: string[] = [];
  const open = [top];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (folder !== top && entries.some(({ name }) => name === ".git")) continue;
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name === "node_modules" || entry.name === ".git") continue;
      if (entry.name === NAME) found.push(join(folder, entry.name));
      else open.push(join(folder, entry.name));
    }
  }
  return found;
}

/** A folder with what an older version writes, and no link to somewhere else. */
async function isOlderPlace(place: string, top: string): Promise<boolean> {
  const found = await lstat(place).catch(() => null);
  if (found === null) return false;
  if (found.isSymbolicLink()) {
    const target = await realpath(place).catch(() => null);
    if (target === null || !isBelow(await realpath(top), target)) return false;
  }
  return (await isThere(join(place, "record"))) || (await isThere(join(place, "lock.json")));
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
