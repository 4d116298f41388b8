import { Failure } from "../failure.ts";
import { type ActionInputs, type Env, said } from "./action-inputs.ts";
import { readActionsRun } from "./actions-run.ts";
import type { ForgeName } from "./forge.ts";
import { readGitLabRun } from "./gitlab-run.ts";

/** What the action was asked for, and what the job says of the run: all of it from the environment. */
export interface ActionContext extends JobRun {
  readonly mode: ActionMode;
}

/** What a job says of its run, in whatever words the forge has for it. */
export interface JobRun {
  readonly forge: ForgeName;
  readonly inputs: ActionInputs;
  /** `null` without a token: then nothing is written on the forge. */
  readonly token: string | null;
  readonly apiUrl: string;
  /** `owner/name`; of GitLab the number of the project that the merge request is for. */
  readonly repository: string;
  readonly commit: string | null;
  /** What reviewers look at: the last commit of the pull request, or the head of the merge group. */
  readonly head: string | null;
  /** The branch that was pushed to, which mode apply works on. */
  readonly branch: string | null;
  /** What the branch was before that. */
  readonly before: string | null;
  readonly runUrl: string | null;
  /** A merge queue, or a merge train: nobody reviews what it makes, so it must come to what was reviewed. */
  readonly queued: boolean;
  /** The pull request that the run is about; of a merge queue the last one. */
  readonly pull: number | null;
  /** Where the forge shows Markdown beside the run; `null` where it has no such place. */
  readonly summaryFile: string | null;
  readonly outputFile: string | null;
}

/** What the action can be asked for. */
export const ACTION_MODES = ["plan", "apply", "drift"] as const;

type ActionMode = (typeof ACTION_MODES)[number];

/**
 * The forge whose job this is, by the variables that its runner sets. Runners of Gitea and Forgejo set those of GitHub
 * too, and Forgejo's those of Gitea, so the order counts.
 */
export function forgeOfJob(env: Env): ForgeName {
  if (said(env, "GITLAB_CI") === "true") return "GitLab";
  if (said(env, "FORGEJO_ACTIONS") === "true") return "Forgejo";
  return said(env, "GITEA_ACTIONS") === "true" ? "Gitea" : "GitHub";
}

/** Throws a `Failure` (`usage`) for a mode or an input that there is not. */
export async function readActionContext(mode: string, env: Env): Promise<ActionContext> {
  const known = ACTION_MODES.find((candidate) => candidate === mode);
  if (known === undefined) {
    throw new Failure("usage", `there is no mode "${mode}"`, {
      hint: `the modes are ${ACTION_MODES.join(", ")}`,
    });
  }
  const forge = forgeOfJob(env);
  const run = forge === "GitLab" ? readGitLabRun(env) : await readActionsRun(forge, env);
  return { ...run, mode: known };
}
