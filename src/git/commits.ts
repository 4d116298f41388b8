import { Failure } from "../failure.ts";
import { deepen, isAtHand } from "./deepen.ts";
import { type Git, gitRefusal } from "./git.ts";

/** A commit as git names it; `null` where it has none of this name at hand. */
async function commitAt(git: Git, name: string): Promise<string | null> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const answer = await git.ask(args);
  if (answer.exitCode === 0) return answer.stdout.trim();
  // With --quiet only what is damaged has words.
  if (answer.exitCode === 1 || /^fatal: Needed a single revision/m.test(answer.stderr)) return null;
  throw gitRefusal(git.where, args, answer);
}

/**
 * Whether a commit is another one or in its history: by status 0 and 1, anything else is no answer (git-merge-base(1)).
 * `null`: the clone has no such commit.
 */
export async function isAncestor(git: Git, commit: string, of: string): Promise<boolean | null> {
  const args = ["merge-base", "--is-ancestor", commit, of];
  const answer = await git.ask(args);
  if (answer.exitCode === 0 || answer.exitCode === 1) return answer.exitCode === 0;
  if (!(await isAtHand(git, commit))) return null;
  throw gitRefusal(git.where, args, answer);
}

/** The branch that is checked out, `null` where it is a commit alone. */
export async function checkedOutBranch(git: Git): Promise<string | null> {
  const args = ["symbolic-ref", "--quiet", "--short", "HEAD"];
  const answer = await git.ask(args);
  if (answer.exitCode === 0) return answer.stdout.trim();
  if (answer.exitCode === 1) return null;
  throw gitRefusal(git.where, args, answer);
}

/**
 * Where a ref is, and the commit where HEAD left it; its own where they never met. What a shallow clone cannot tell is
 * fetched, or unknown: everything that others did since would seem to be changed.
 */
export async function whereHeadLeft(
  git: Git,
  ref: string,
): Promise<{ readonly tip: string; readonly left: string }> {
  const tip = await commitAt(git, ref);
  if (tip === null) {
    throw new Failure("usage", `there is no commit ${ref} to compare with in ${git.where}`, {
      hint: "fetch it first; in GitHub Actions the checkout needs `fetch-depth: 0`",
    });
  }
  const shared = () => mergeBase(git, tip);
  const met = await shared();
  if (met !== null) return { tip, left: met };
  const why = await deepen(git, await remoteOf(git, ref), "HEAD", async () => (await shared()) !== null);
  const found = await shared();
  if (found === null && why !== null) {
    throw new Failure("usage", `where HEAD left ${ref} is unknown: ${why}`, {
      hint: "give the clone its whole history: `git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`",
    });
  }
  return { tip, left: found ?? tip };
}

async function mergeBase(git: Git, commit: string): Promise<string | null> {
  const args = ["merge-base", commit, "HEAD"];
  const answer = await git.ask(args);
  if (answer.exitCode > 1) throw gitRefusal(git.where, args, answer);
  return answer.stdout.trim() || null;
}

/** Of `origin/main` it is `origin`. */
async function remoteOf(git: Git, ref: string): Promise<string> {
  const remotes = (await git.must(["remote"])).split("\n").filter((name) => name !== "");
  return remotes.find((name) => ref.startsWith(`${name}/`)) ?? remotes[0] ?? "origin";
}

/** Moves the branch and its files to a later commit of it; files that are in the way stay as they are. */
export async function moveForward(git: Git, commit: string): Promise<void> {
  const answer = await git.ask(["merge", "--ff-only", "--quiet", commit]);
  if (answer.exitCode === 0) return;
  throw new Failure("refused", `git cannot move ${git.where} forward to ${commit}: ${answer.stderr.trim()}`, {
    hint: "nothing was applied; clear away what is in the way",
  });
}
