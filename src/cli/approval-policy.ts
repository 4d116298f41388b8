import { resolve } from "node:path";
import type { ApprovalPolicy } from "../forge/action-doors.ts";
import { openRepository } from "../git/repository.ts";
import { CommitTree } from "../git/tree.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import type { RepositoryResource } from "../resources/model/desired.ts";
import { loadInRepository } from "./load-in-repository.ts";
import type { Terminal } from "./terminal.ts";

/** What the repository says of approvals, in the commit at hand and in an earlier one, where the clone has that. */
export async function approvalPolicy(
  terminal: Terminal,
  directory: string,
  before: string | null,
): Promise<ApprovalPolicy> {
  const folder = resolve(terminal.cwd, directory);
  const git = await openRepository(folder, terminal.env);
  const saidIn = async (tree: CommitTree | null): Promise<RepositoryResource> => {
    const { repository } = await loadInRepository(folder, git, tree, terminal);
    return repository ?? DEFAULT_REPOSITORY;
  };
  const at = (commit: string) =>
    git === null ? null : CommitTree.open(git, commit, git.prefix).then(saidIn);
  const now = (git?.commit == null ? null : await at(git.commit)) ?? (await saidIn(null));
  // A shallow clone does not have it, and a branch that was pushed anew has none.
  const then = before === null ? null : await Promise.resolve(at(before)).catch(() => null);
  return {
    app: now.approvalApp,
    appBefore: then?.approvalApp ?? null,
    required: now.requirePlan || then?.requirePlan === true,
  };
}
