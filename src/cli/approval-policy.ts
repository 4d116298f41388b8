import { resolve } from "node:path";
import type { ApprovalPolicy } from "../forge/action.ts";
import { openRepository } from "../git/repository.ts";
import { CommitTree } from "../git/tree.ts";
import { DEFAULT_REPOSITORY } from "../resources/build.ts";
import type { RepositoryResource } from "../resources/desired.ts";
import { type FileSource, folderSource } from "../resources/file-source.ts";
import { loadResources } from "../resources/load.ts";
import type { Terminal } from "./terminal.ts";

/** What the repository says of approvals, in the commit at hand and in an earlier one, where the clone has that. */
export async function approvalPolicy(
  terminal: Terminal,
  directory: string,
  before: string | null,
): Promise<ApprovalPolicy> {
  const folder = resolve(terminal.cwd, directory);
  const git = await openRepository(folder, terminal.env);
  const saidIn = async (source: FileSource): Promise<RepositoryResource> => {
    const { repository } = await loadResources(folder, terminal.env, new Date(terminal.now()), source);
    return repository ?? DEFAULT_REPOSITORY;
  };
  const at = (commit: string) =>
    git === null ? null : CommitTree.open(git, commit, git.prefix).then(saidIn);
  const now = (git?.commit == null ? null : await at(git.commit)) ?? (await saidIn(folderSource(folder)));
  // A shallow clone does not have it, and a branch that was pushed anew has none.
  const then = before === null ? null : await Promise.resolve(at(before)).catch(() => null);
  return {
    app: now.approvalApp,
    appBefore: then?.approvalApp ?? null,
    required: now.requirePlan || then?.requirePlan === true,
  };
}
