import { Failure } from "../failure.ts";
import { type Env, said } from "./action-inputs.ts";
import { readActionsRun } from "./actions-run.ts";
import type { ForgeName } from "./forge.ts";
import { readGitLabRun } from "./gitlab-run.ts";
import type { JobRun } from "./job-run.ts";

/** What the action was asked for, and what the job says of the run: all of it from the environment. */
export interface ActionContext extends JobRun {
  readonly mode: ActionMode;
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
