import { Failure } from "../failure.ts";
import { type Env, readInputs, said } from "./action-inputs.ts";
import { commitOf } from "./commit-id.ts";
import type { JobRun } from "./job-run.ts";

/**
 * A job of GitLab CI. Throws a `Failure` (`usage`) for a merge request without the commit that it is compared with:
 * without a base, its clusters would be read by what the merge request itself says.
 * https://docs.gitlab.com/ci/variables/predefined_variables/
 */
export function readGitLabRun(env: Env): JobRun {
  const iid = said(env, "CI_MERGE_REQUEST_IID");
  const pull = iid !== null && /^\d+$/.test(iid) ? Number(iid) : null;
  const commit = said(env, "CI_COMMIT_SHA");
  // In pipelines of merged results the tip of the target branch, which is in the commit that is planned.
  const target = commitOf(said(env, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA"));
  const inputs = readInputs(env, target ?? commitOf(said(env, "CI_MERGE_REQUEST_DIFF_BASE_SHA")));
  if (pull !== null && inputs.base === null) {
    throw new Failure("usage", `GitLab says of merge request ${pull} no commit to compare it with`, {
      hint: "name the commit or the branch in INPUT_BASE: CI_MERGE_REQUEST_DIFF_BASE_SHA is empty",
    });
  }
  return {
    forge: "GitLab",
    inputs,
    token: said(env, "GITLAB_TOKEN"),
    apiUrl: said(env, "CI_API_V4_URL") ?? "https://gitlab.com/api/v4",
    // A pipeline of a fork runs in the fork; the merge request is in the project that it is for.
    repository: said(env, "CI_MERGE_REQUEST_PROJECT_ID") ?? said(env, "CI_PROJECT_ID") ?? "",
    commit,
    head:
      pull === null ? null : (commitOf(said(env, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")) ?? commitOf(commit)),
    branch: said(env, "CI_COMMIT_BRANCH"),
    before: commitOf(said(env, "CI_COMMIT_BEFORE_SHA")),
    runUrl: said(env, "CI_JOB_URL"),
    queued: said(env, "CI_MERGE_REQUEST_EVENT_TYPE") === "merge_train",
    pull,
    summaryFile: null,
    outputFile: null,
  };
}
