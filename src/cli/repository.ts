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
