import { Failure } from "../failure.ts";
import { withoutCredentials } from "../secrets.ts";
import { type Git, gitRefusal } from "./git.ts";
import { hasRemote } from "./remotes.ts";

/** Whether the clone has a commit; throws the `Failure` of a git that cannot tell. */
export async function isAtHand(git: Git, commit: string): Promise<boolean> {
  const args = ["cat-file", "-e", `${commit}^{commit}`];
  const answer = await git.ask(args);
  if (answer.exitCode === 0) return true;
  if (answer.exitCode === 1 || /Not a valid object name|not our ref|could not fetch/.test(answer.stderr))
    return false;
  throw gitRefusal(git.where, args, answer);
}

/** Whether the clone has less than all of its history. */
export async function isShallow(git: Git): Promise<boolean> {
  return (await git.must(["rev-parse", "--is-shallow-repository"])).trim() === "true";
}

/** How far back a shallow clone is deepened before it gets everything. */
const DEPTHS = ["--deepen=50", "--deepen=500", "--unshallow"];
const FETCH_MS = 120_000;

/** Neither refs, FETCH_HEAD, tags nor submodules of the clone change: only what it knows. */
const QUIET = [
  "--quiet",
  "--no-tags",
  "--no-write-fetch-head",
  "--no-recurse-submodules",
  "--no-auto-gc",
  "--refmap=",
];

const NOT_THERE = /not our ref|couldn't find remote ref|unadvertised object|no such remote ref/i;

/** Gives the clone more of its history until that is enough; gives why it could not. */
export async function fetchUntil(
  git: Git,
  remote: string,
  applied: string,
  head: string,
  isEnough: () => Promise<boolean>,
): Promise<string | null> {
  if (!(await isAtHand(git, applied)) && (await hasRemote(git, remote))) {
    try {
      await fetched(git, remote, [], applied);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const what = (await isShallow(git)) ? "is shallow" : "does not have that commit";
      return `the clone ${what}, and ${error.message}`;
    }
  }
  return await deepen(git, remote, head, isEnough);
}

/**
 * Gives a shallow clone more of the history behind a commit until that is enough; gives why it could not. A clone that
 * has all of it is left alone.
 */
export async function deepen(
  git: Git,
  remote: string,
  commit: string,
  isEnough: () => Promise<boolean>,
): Promise<string | null> {
  try {
    for (const depth of DEPTHS) {
      if ((await isEnough()) || !(await isShallow(git))) return null;
      if (!(await hasRemote(git, remote))) return `the clone is shallow, and there is no remote ${remote}`;
      if (!(await fetched(git, remote, [depth], commit))) await fetched(git, remote, [depth], null);
    }
    return (await isShallow(git)) ? `the clone is shallow, and ${remote} gave no more of its history` : null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `the clone is shallow, and ${error.message}`;
  }
}

/** `false`: the remote has no such commit, or does not give it by its name. */
async function fetched(
  git: Git,
  remote: string,
  depth: readonly string[],
  commit: string | null,
): Promise<boolean> {
  const what = commit === null ? [] : [commit];
  const args = ["fetch", ...QUIET, ...depth, remote, ...what];
  const answer = await git.ask(args, { timeoutMs: FETCH_MS });
  if (answer.exitCode === 0) return true;
  if (commit !== null && NOT_THERE.test(answer.stderr)) return false;
  const said = withoutCredentials(answer.stderr.trim()).split("\n").join(" ");
  throw new Failure("storage", `git fetch from ${remote} failed: ${said}`);
}
