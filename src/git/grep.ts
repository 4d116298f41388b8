import { type Asking, type Git, gitRefusal } from "./git.ts";

/**
 * What `git grep` prints (git-grep(1)), with NULs behind names and nothing of the user's taste in it; empty where nothing is
 * found. Throws a `Failure` where git could not read all that it searched: an object or a file that cannot be read is a line
 * among others, and no status. A work tree has folders that cannot be opened, too, which is but a `warning`.
 */
export async function grep(
  git: Git,
  args: readonly string[],
  { complaint = /^(error|fatal):/m, ...asking }: Asking & { readonly complaint?: RegExp } = {},
): Promise<string> {
  const all = ["grep", "--null", "--text", "--no-color", "--no-textconv", ...args];
  const answer = await git.ask(all, asking);
  // 1: there is none.
  if (answer.exitCode > 1 || complaint.test(answer.stderr)) throw gitRefusal(git.where, all, answer);
  return answer.stdout;
}
