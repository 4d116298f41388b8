import { Failure } from "../failure.ts";
import { changedBetween } from "../git/differences.ts";
import type { Git } from "../git/git.ts";
import { relate } from "../git/history.ts";
import type { Repository } from "../git/repository.ts";
import { RemoteRefs } from "../record/remote-refs.ts";
import { canonicalJson } from "../resources/model/canonical.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import type { RepositoryResource } from "../resources/model/desired.ts";
import { loadInRepository } from "./load-in-repository.ts";
import type { Terminal } from "./terminal.ts";
import { named, uncommitted } from "./uncommitted.ts";
import { treeOf, type Workspace } from "./workspace.ts";

/**
 * What apply insists on before it takes the lock: everything is committed, the commit is on the configured branch,
 * and the plan is one that was approved where that is required. Each has a sentence of its own.
 */
export async function insist(
  workspace: Workspace,
  terminal: Terminal,
  { approved }: { readonly approved: boolean },
): Promise<void> {
  await insistOnCommitted(workspace);
  await onBranch(workspace, terminal);
  if (workspace.repository.requirePlan && !approved) {
    throw new Failure("stale", "this repository takes only a plan that was approved, and none is given", {
      hint: "nothing was applied; `capstan apply PLAN`, or --expect with the fingerprint that was approved",
    });
  }
}

/** The journal says which commit was applied: nothing else in the folder may look as if it were applied, too. */
export async function insistOnCommitted(workspace: Parameters<typeof uncommitted>[0]): Promise<void> {
  const found = await uncommitted(workspace);
  if ("unknown" in found) throw found.unknown;
  if (found.files.length === 0) return;
  throw new Failure("refused", `apply takes only what is committed, and this is not: ${named(found.files)}`, {
    hint: "nothing was applied; commit it, or `git stash` it",
  });
}

/**
 * A commit that the branch has left behind is refused where its resources are others by now: what was reverted
 * since would be applied again.
 */
async function onBranch({ folder, git, commit, repository }: Workspace, terminal: Terminal): Promise<void> {
  const { remote, record } = repository;
  if (repository.branch === null && record !== "refs") return;
  if (git === null || commit === null) {
    const where = `${repository.branch ?? "the default branch"} of ${remote}`;
    throw new Failure("refused", `apply takes only commits on ${where}, and ${folder} has none`, {
      hint: "nothing was applied; run it in a clone",
    });
  }
  const refs = new RemoteRefs(git.root, remote, terminal.env);
  const branch = repository.branch ?? (await defaultBranch(git.git, refs));
  const where = `${branch ?? "the default branch"} of ${remote}`;
  const tip = branch === null ? null : await refs.tip(`refs/heads/${branch}`);
  if (tip === null) {
    throw new Failure("refused", `apply takes only commits on ${where}, and there is no such branch`, {
      hint: "nothing was applied; push it, or write `branch` in the repository resource",
    });
  }
  if (tip === commit) return;
  const { relation, why } = await relate(git.git, commit, tip, remote);
  if (relation === "unknown") {
    throw new Failure(
      "refused",
      `whether commit ${commit} is on ${where} is unknown${why === null ? "" : `: ${why}`}`,
      {
        hint: "nothing was applied; give the clone its whole history: `git fetch --unshallow`, in GitHub Actions `fetch-depth: 0`",
      },
    );
  }
  if (relation !== "descendant") {
    throw new Failure("refused", `commit ${commit} is not on ${where}`, {
      hint: "nothing was applied; merge it first",
    });
  }
  const asksForTheSame =
    (await changedBetween(git, git.prefix, commit, tip)).length === 0 &&
    (git.prefix === "" || (await saysTheSame(folder, git, tip, repository, terminal)));
  if (asksForTheSame) return;
  throw new Failure(
    "refused",
    `${where} has moved on from commit ${commit} to ${tip}, which asks for something else`,
    { hint: "nothing was applied; check out its tip and run it again" },
  );
}

/** Of the `repository` resource, which may be in another folder. */
async function saysTheSame(
  folder: string,
  git: Repository,
  tip: string,
  repository: RepositoryResource,
  terminal: Terminal,
): Promise<boolean> {
  const there = await loadInRepository(folder, git, await treeOf(git, tip), terminal);
  return canonicalJson(there.repository ?? DEFAULT_REPOSITORY) === canonicalJson(repository);
}

/** What the remote calls its own, else what the clone was told when it was made; `null` where neither says. */
async function defaultBranch(git: Git, refs: RemoteRefs): Promise<string | null> {
  const named = await refs.defaultBranch();
  if (named !== null) return named;
  const told = await git.ask(["symbolic-ref", "--quiet", `refs/remotes/${refs.remote}/HEAD`]);
  const prefix = `refs/remotes/${refs.remote}/`;
  return told.stdout.startsWith(prefix) ? told.stdout.trim().slice(prefix.length) : null;
}
