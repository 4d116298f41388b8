import { existsSync, lstatSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { Failure } from "../failure.ts";
import { Git, type GitAnswer, GitMissing, gitRefusal } from "./git.ts";

/** The repository that a folder belongs to. */
export interface Repository {
  /** Top of the work tree. */
  readonly root: string;
  /** Where the folder is below it, with `/`: empty at the top. */
  readonly prefix: string;
  /** What all work trees of the repository share. */
  readonly commonDir: string;
  /** HEAD, `null` before the first commit. */
  readonly commit: string | null;
  readonly git: Git;
}

/**
 * Asks git about a folder, which a sparse checkout may have left out. `null` only where no folder above has a `.git`:
 * every other answer of git, and none, is an error, as a repository that git does not read is not the same as none.
 *
 * git is asked from where the `.git` is, never from within the tree: a commit can bring a folder that looks like a
 * bare repository, with a configuration that runs what it likes, and git takes the first that it meets on its way up
 * (git-config(1), `safe.bareRepository`).
 */
export async function openRepository(
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Repository | null> {
  const { at, rest } = nearest(folder);
  const marker = markerAbove(at);
  const top = marker === null ? at : dirname(marker);
  const git = new Git(top, env);
  const args = ["rev-parse", "--show-toplevel", "--git-common-dir", "--verify", "HEAD"];
  let answer: GitAnswer;
  try {
    answer = await git.ask(args);
  } catch (error) {
    if (error instanceof GitMissing && marker === null) return null;
    throw error;
  }
  const [root = "", common = "", commit = ""] = answer.stdout.split("\n");
  if (answer.exitCode !== 0) {
    const isNone = /^fatal: not a git repository/m.test(answer.stderr);
    if (isNone && marker === null) return null;
    if (isNone) throw notTaken(marker ?? at, answer);
    if (root === "" || common === "") throw gitRefusal(at, args, answer);
    await insistOnUnborn(git);
  }
  return {
    root,
    prefix: [...inside(realpathSync(root), at), ...rest].join("/"),
    commonDir: realpathSync(resolve(top, common)),
    commit: answer.exitCode === 0 ? commit : null,
    git,
  };
}

/** The way down from the top of a work tree. */
function inside(root: string, at: string): readonly string[] {
  const path = relative(root, at);
  if (path === "") return [];
  const parts = path.split(sep);
  if (parts[0] !== "..") return parts;
  throw new Failure("storage", `${at} is not in the work tree of its repository, which is ${root}`, {
    hint: "name the folder that holds the resources, with -C DIR",
  });
}

/** HEAD names no commit: either there is none yet, or what it names is damaged. */
async function insistOnUnborn(git: Git): Promise<void> {
  const args = ["log", "-1", "--format=%H"];
  const answer = await git.ask(args);
  if (/does not have any commits yet/.test(answer.stderr)) return;
  throw gitRefusal(git.where, args, answer);
}

/** The folder itself, or the nearest above it that is there. */
function nearest(folder: string): { readonly at: string; readonly rest: readonly string[] } {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  if (!lstatSync(realpathSync(at)).isDirectory()) {
    throw new Failure("usage", `${at} is not a folder`, {
      hint: "name the folder that holds the resources, with -C DIR",
    });
  }
  const rest = relative(at, folder);
  return { at: realpathSync(at), rest: rest === "" ? [] : rest.split(sep) };
}

/** What git would take for a repository, if it is sound: looked for as git does (gitrepository-layout). */
function markerAbove(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const marker = join(at, ".git");
    if (isThere(marker)) return marker;
    if (dirname(at) === at) return null;
  }
}

/** Also a dangling link is. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    // What cannot be looked at may be there.
    return !(
      error instanceof Error &&
      "code" in error &&
      (error.code === "ENOENT" || error.code === "ENOTDIR")
    );
  }
}

function notTaken(marker: string, { stderr }: GitAnswer): Failure {
  return new Failure("storage", `git does not take ${marker} for a repository: ${stderr.trim()}`, {
    hint: "repair it (is its HEAD damaged, or unreadable?), or clone again; without its history nothing is decided",
  });
}
