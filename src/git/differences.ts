import { join } from "node:path";
import { type Git, gitRefusal } from "./git.ts";
import type { Repository } from "./repository.ts";

/** Files below a folder in which two commits differ, relative to it. */
export async function changedBetween(
  { git }: Repository,
  prefix: string,
  one: string,
  other: string,
): Promise<readonly string[]> {
  const args = ["diff", "--name-only", "--no-renames", "-z", one, other, "--", `:(top,literal)${prefix}`];
  return below(prefix, await git.must(args));
}

/**
 * Tracked files below a folder that are not as in a commit, as git itself compares: what a sparse checkout leaves out
 * is no difference.
 */
export async function changedSince(
  { git, root }: Repository,
  prefix: string,
  commit: string,
): Promise<readonly string[]> {
  const args = [
    "diff",
    "--name-only",
    "--no-renames",
    "--no-ext-diff",
    "--ignore-submodules=none",
    "-z",
    commit,
    "--",
    `:(top,literal)${prefix}`,
  ];
  const answer = await git.ask(args);
  if (answer.exitCode !== 0) throw gitRefusal(join(root, prefix), args, answer);
  return below(prefix, answer.stdout);
}

function below(prefix: string, listed: string): readonly string[] {
  const start = prefix === "" ? "" : `${prefix}/`;
  return listed
    .split("\0")
    .filter((path) => path !== "" && path.startsWith(start))
    .map((path) => path.slice(start.length));
}

/** The last commit that touched YAML below a folder. */
export interface AskingCommit {
  readonly commit: string;
  readonly author: string;
  /** ISO 8601. */
  readonly authoredAt: string;
  /** First line of the message. */
  readonly subject: string;
  /** `null` for the first commit of all. */
  readonly parent: string | null;
}

/** `from`: the commit that is looked back from; `null` where none of its history touched YAML there. */
export async function lastToTouch(git: Git, prefix: string, from: string): Promise<AskingCommit | null> {
  const scope = prefix === "" ? "" : `${prefix}/`;
  const paths = ["*.yaml", "*.yml"].map((glob) => `:(top,icase)${escaped(scope)}${glob}`);
  const answer = await git.must(["log", "-1", "--format=%H%x00%an%x00%aI%x00%s%x00%P", from, "--", ...paths]);
  if (answer.trim() === "") return null;
  const [commit = "", author = "", authoredAt = "", subject = "", parents = ""] = answer.trim().split("\0");
  const [parent = ""] = parents.split(" ");
  return { commit, author, authoredAt, subject, parent: parent === "" ? null : parent };
}

/** A name in a pattern of git, for itself (gitglossary, pathspec). */
function escaped(path: string): string {
  return path.replace(/[\\*?[]/g, "\\$&");
}
