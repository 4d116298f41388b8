import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { checkedOutBranch, moveForward } from "../git/commits.ts";
import { relate } from "../git/history.ts";
import { openRepository } from "../git/repository.ts";
import { RemoteRefs } from "../record/remote-refs.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import { insistOnCommitted } from "./insist.ts";
import { loadInRepository } from "./load-in-repository.ts";
import type { Terminal } from "./terminal.ts";
import { treeOf } from "./workspace.ts";

/**
 * Brings the clone to the tip of its branch on the remote, forward only. Whatever would need a merge or would lose
 * work waits for a person. Resources with mistakes are no obstacle: the next commit may correct them.
 */
export async function fastForward(directory: string, terminal: Terminal): Promise<void> {
  const folder = resolve(terminal.cwd, directory);
  const git = await openRepository(folder, terminal.env);
  if (git === null || git.commit === null) {
    throw new Failure("usage", `${folder} is no clone with a commit in it`, {
      hint: "reconcile follows a branch of a git remote: clone it first",
    });
  }
  const tree = await treeOf(git, git.commit);
  const loaded = await loadInRepository(folder, git, tree, terminal);
  const files = new Map(loaded.files.map(({ path, text }) => [path, text]));
  const repositoryFile = loaded.repositories[0]?.source.file ?? null;
  await insistOnCommitted({ folder, git, desired: loaded.state, files, tree, repositoryFile });
  const { remote, branch: configured } = loaded.repository ?? DEFAULT_REPOSITORY;
  const here = await checkedOutBranch(git.git);
  const branch = configured ?? here;
  if (branch === null || branch !== here) {
    throw new Failure("refused", `${here ?? "no branch"} is checked out, and not ${branch ?? "a branch"}`, {
      hint: `nothing was applied; \`git switch ${branch ?? "BRANCH"}\``,
    });
  }
  const where = `${branch} of ${remote}`;
  const tip = await new RemoteRefs(git.root, remote, terminal.env).tip(`refs/heads/${branch}`);
  if (tip === null) {
    throw new Failure("refused", `there is no branch ${where}`, {
      hint: "nothing was applied; push it, or correct the repository resource",
    });
  }
  if (tip === git.commit) return;
  const { relation, why } = await relate(git.git, git.commit, tip, remote);
  if (relation !== "descendant") {
    if (relation === "unknown") {
      throw new Failure(
        "refused",
        `whether commit ${git.commit} is on ${where} is unknown${why === null ? "" : `: ${why}`}`,
        {
          hint: "nothing was applied; `git fetch --unshallow` gives the clone its whole history",
        },
      );
    }
    throw new Failure("refused", `commit ${git.commit} is not on ${where}, which is at ${tip}`, {
      hint: "nothing was applied; push it, or `git reset` to the branch once you know why",
    });
  }
  await moveForward(git.git, tip);
}
