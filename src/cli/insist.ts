import { Failure } from "../failure.ts";
import { RemoteRefs } from "../record/refs-git.ts";
import { changedBetween, isReachable, uncommitted } from "./repository.ts";
import type { Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

const NAMED = 5;

/**
 * What apply insists on before it takes the lock: everything is committed, the commit is on the configured branch,
 * and the plan is one that was approved where that is required. Each has a sentence of its own.
 */
export async function insist(
  workspace: Workspace,
  terminal: Terminal,
  { approved }: { readonly approved: boolean },
): Promise<void> {
  await insistOnCommitted({ ...workspace, files: [...workspace.files.keys()] });
  await onBranch(workspace, terminal);
  if (workspace.repository.requirePlan && !approved) {
    throw new Failure("stale", "this repository takes only a plan that was approved, and none is given", {
      hint: "nothing was applied; `capstan apply PLAN`, or --expect with the fingerprint that was approved",
    });
  }
}

/** The journal says which commit was applied: that must be all of it. */
export async function insistOnCommitted({
  folder,
  git,
  files,
}: Pick<Workspace, "folder" | "git"> & { readonly files: readonly string[] }): Promise<void> {
  if (git === null) return;
  const paths = await uncommitted(folder, files);
  if (paths.length === 0) return;
  const named = paths.slice(0, NAMED).join(", ");
  const more = paths.length > NAMED ? `, and ${paths.length - NAMED} more` : "";
  throw new Failure("refused", `apply takes only what is committed, and this is not: ${named}${more}`, {
    hint: "nothing was applied; commit it, or `git stash` it",
  });
}

/**
 * A commit that the branch has left behind is refused where its resources are others by now: what was reverted
 * since would be applied again.
 */
async function onBranch({ folder, git, commit, repository }: Workspace, { env }: Terminal): Promise<void> {
  const { branch, remote } = repository;
  if (branch === null) return;
  const where = `${branch} of ${remote}`;
  if (git === null || commit === null) {
    throw new Failure("refused", `apply takes only commits on ${where}, and ${folder} has none`, {
      hint: "nothing was applied; run it in a clone",
    });
  }
  const tip = await new RemoteRefs(folder, remote, env).tip(`refs/heads/${branch}`);
  if (tip === null) {
    throw new Failure("refused", `apply takes only commits on ${where}, and there is no such branch`, {
      hint: "nothing was applied; push it, or correct `branch` in the repository resource",
    });
  }
  if (tip === commit) return;
  if (!(await isReachable(folder, commit, tip))) {
    throw new Failure("refused", `commit ${commit} is not on ${where}`, {
      hint: "nothing was applied; merge it first (a shallow clone does not know: fetch-depth 0)",
    });
  }
  if ((await changedBetween(folder, commit, tip)).length === 0) return;
  throw new Failure(
    "refused",
    `${where} has moved on from commit ${commit} to ${tip}, which asks for something else`,
    { hint: "nothing was applied; check out its tip and run it again" },
  );
}
