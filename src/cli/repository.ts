import { realpath } from "node:fs/promises";
import { type SimpleGit, simpleGit } from "simple-git";
import { Failure } from "../failure.ts";
import { type Files, yamlDiff } from "../render/yaml-diff.ts";

/** What git knows of the folder; `null` outside a repository. */
export interface Repository {
  readonly root: string;
  /** HEAD, `null` before the first commit. */
  readonly commit: string | null;
}

/** The change that asks for a plan: the last commit that touched the resources, and what it did to them. */
export interface AskingChange {
  readonly commit: string | null;
  readonly author: string | null;
  /** ISO 8601. */
  readonly authoredAt: string | null;
  /** First line of the message. */
  readonly subject: string | null;
  /** Unified diff. */
  readonly text: string;
}

/** Asks git about a folder. Not being in a repository is fine; a git that cannot be run is not. */
export async function openRepository(folder: string): Promise<Repository | null> {
  const git = simpleGit(await realpath(folder));
  const answer = await ask(git, ["rev-parse", "--show-toplevel", "--verify", "--quiet", "HEAD"]);
  if (answer === null) return null;
  const [root = "", commit = ""] = answer.split("\n");
  return { root, commit: commit === "" ? null : commit };
}

/** The last change of the given files, uncommitted edits included; `null` outside a repository or before a commit. */
export async function askingChange(folder: string, files: Files): Promise<AskingChange | null> {
  const here = await realpath(folder);
  const git = simpleGit(here);
  const log = await ask(git, ["log", "-1", "--format=%H%x00%an%x00%aI%x00%s", "--", "*.yaml", "*.yml"]);
  if (log === null || log.trim() === "") return null;
  const [commit = "", author = "", authoredAt = "", subject = ""] = log.trim().split("\0");
  const base = `${commit}^`;
  const paths = await changedPaths(git, base, files);
  const before = await Promise.all(
    paths.map(async (path) => [path, await ask(git, ["show", `${base}:./${path}`])] as const),
  );
  const text = yamlDiff(
    new Map(before.flatMap(([path, old]) => (old === null ? [] : [[path, old]]))),
    new Map(paths.flatMap((path) => (files.has(path) ? [[path, files.get(path) ?? ""]] : []))),
  );
  return { commit, author, authoredAt, subject, text };
}

/** Tracked files below the folder that are not as in HEAD, and resources that git does not know. */
export async function uncommitted(folder: string, resources: readonly string[]): Promise<readonly string[]> {
  const git = simpleGit(await realpath(folder));
  const [changed, tracked] = await Promise.all([
    ask(git, [
      "--no-optional-locks",
      "diff",
      "--name-only",
      "--no-renames",
      "--relative",
      "-z",
      "HEAD",
      "--",
      ".",
    ]),
    ask(git, ["ls-files", "-z", "--recurse-submodules", "--", "."]),
  ]);
  if (changed === null || tracked === null) return resources;
  const known = new Set(tracked.split("\0"));
  const edited = changed.split("\0").filter((path) => path !== "");
  return [...edited, ...resources.filter((path) => !known.has(path))].sort();
}

/** Whether a commit is in the history of another. */
export async function isReachable(folder: string, commit: string, from: string): Promise<boolean> {
  const git = simpleGit(await realpath(folder));
  return (await ask(git, ["rev-list", "--count", commit, "--not", from]))?.trim() === "0";
}

/** The branch that is checked out, `null` where it is a commit alone. */
export async function checkedOutBranch(folder: string): Promise<string | null> {
  const git = simpleGit(await realpath(folder));
  return (await ask(git, ["symbolic-ref", "--quiet", "--short", "HEAD"]))?.trim() ?? null;
}

/** Moves the branch and its files to a later commit of it; files that are in the way stay as they are. */
export async function moveForward(folder: string, commit: string): Promise<void> {
  const git = simpleGit(await realpath(folder));
  try {
    await git.raw(["merge", "--ff-only", "--quiet", commit]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new Failure("refused", `git cannot move ${folder} forward to ${commit}: ${why}`, {
      hint: "nothing was applied; clear away what is in the way",
      cause,
    });
  }
}

/** Files below the folder in which two commits differ. */
export async function changedBetween(folder: string, one: string, other: string): Promise<readonly string[]> {
  const git = simpleGit(await realpath(folder));
  const names = await ask(git, ["diff", "--name-only", "--relative", "-z", one, other, "--", "."]);
  if (names === null) throw new Failure("storage", `git cannot compare ${one} with ${other}`);
  return names.split("\0").filter((path) => path !== "");
}

/** Resources that differ from a commit, and YAML files that are gone since; all of them where there is no such commit. */
async function changedPaths(git: SimpleGit, base: string, files: Files): Promise<readonly string[]> {
  const status = await ask(git, [
    "diff",
    "--name-status",
    "--no-renames",
    "--relative",
    "-z",
    base,
    "--",
    "*.yaml",
    "*.yml",
  ]);
  if (status === null) return [...files.keys()];
  const fields = status.split("\0");
  const changes = fields.flatMap((field, index) =>
    index % 2 === 1 ? [{ how: fields[index - 1], path: field }] : [],
  );
  // Other people's YAML is changed too; what is theirs is not shown.
  return changes.filter(({ how, path }) => how === "D" || files.has(path)).map(({ path }) => path);
}

/** The commit where HEAD left a ref; the ref's own where no history says so. */
export async function baseCommit(folder: string, ref: string): Promise<string> {
  const git = simpleGit(await realpath(folder));
  const found = await ask(git, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
  const commit = found?.trim() ?? "";
  if (commit === "") {
    throw new Failure("usage", `there is no commit ${ref} to compare with in ${folder}`, {
      hint: "fetch it first; in GitHub Actions the checkout needs `fetch-depth: 0`",
    });
  }
  const shared = (await ask(git, ["merge-base", commit, "HEAD"]))?.trim() ?? "";
  return shared === "" ? commit : shared;
}

/**
 * Writes the YAML files of a commit, and its links, to another folder, by an index of its own: nothing in the clone
 * changes. Gives where the folder's own files are in it.
 */
export async function checkOut(
  folder: string,
  commit: string,
  { to, index, env }: { readonly to: string; readonly index: string; readonly env: NodeJS.ProcessEnv },
): Promise<string> {
  const here = await realpath(folder);
  const listed = await ask(simpleGit(here), ["ls-tree", "-r", "-z", commit]);
  if (listed === null) throw new Failure("storage", `git cannot list the files of ${commit}`);
  const paths = listed.split("\0").flatMap((line) => {
    const [facts = "", path = ""] = line.split("\t");
    return facts.startsWith("120000") || /\.ya?ml$/i.test(path) ? [path] : [];
  });
  const input = paths.map((path) => `${path}\0`).join("");
  const plain = Object.entries(env).filter(
    ([name]) => !/^(GIT_|EDITOR$|VISUAL$|PAGER$|PREFIX$|SSH_ASKPASS$)/i.test(name),
  );
  const around = { ...Object.fromEntries(plain), GIT_INDEX_FILE: index };
  const git = simpleGit({
    baseDir: here,
    allowEnvironment: Object.keys(around),
    input: () => input,
  }).env(around);
  await git.raw(["read-tree", commit]);
  await git.raw(["checkout-index", "-z", "--stdin", `--prefix=${to}/`]);
  return ((await ask(simpleGit(here), ["rev-parse", "--show-prefix"])) ?? "").trim();
}

/** What git prints, `null` when it says no. */
async function ask(git: SimpleGit, args: readonly string[]): Promise<string | null> {
  try {
    return await git.raw([...args]);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!/ENOENT/.test(message)) return null;
    throw new Failure("executable", `cannot run git: ${message}`, { hint: "install git", cause });
  }
}
