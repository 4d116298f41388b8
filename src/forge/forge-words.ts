import type { ForgeName } from "./forge.ts";

/** What a forge calls things, and what helps when it refuses. */
export interface ForgeWords {
  /** What is reviewed there. */
  readonly change: "pull request" | "merge request";
  /** The right that marking a comment takes. */
  readonly comments: string;
  /** Without any token. */
  readonly tokenless: string;
  /** After a refusal. */
  readonly rights: string;
  /** When it does not answer as it should. */
  readonly later: string;
  /** Where everything is said that could not be written. */
  readonly elsewhere: string;
}

const WORDS: Readonly<Record<ForgeName, ForgeWords>> = {
  GitHub: {
    change: "pull request",
    comments: "pull-requests: write",
    tokenless: "no token is given (GITHUB_TOKEN), so nothing is written on GitHub; the summary has it all",
    rights: "give the workflow the permissions that the action's description names",
    later: "run it again when GitHub is well (githubstatus.com)",
    elsewhere: "the summary has it all",
  },
  GitLab: {
    change: "merge request",
    comments: "GITLAB_TOKEN with the scope api",
    tokenless:
      "GITLAB_TOKEN is not set, so no note is written: CI_JOB_TOKEN may read notes and not write them. The log has it all",
    rights:
      "put a project access token (role Reporter, scope api) into the masked variable GITLAB_TOKEN; a job's own token may not write notes",
    later: "run it again when GitLab is well",
    elsewhere: "the log of the job has it all",
  },
  Gitea: {
    change: "pull request",
    tokenless: "no token is given (GITHUB_TOKEN), so no comment is written; the log has it all",
    comments: "a token that may write pull requests",
    rights:
      "let the token of the job write issues and pull requests; one of your own takes the scopes write:issue, write:repository and read:user",
    later: "run it again when Gitea is well",
    elsewhere: "the log of the job has it all",
  },
  Forgejo: {
    change: "pull request",
    tokenless: "no token is given (GITHUB_TOKEN), so no comment is written; the log has it all",
    comments: "a token that may write pull requests",
    rights:
      "let the token of the job write issues and pull requests; one of your own takes the scopes write:issue, write:repository and read:user",
    later: "run it again when Forgejo is well",
    elsewhere: "the log of the job has it all",
  },
};

/** The words of one forge. */
export function forgeWords(name: ForgeName): ForgeWords {
  return WORDS[name];
}

/** Why nothing on this forge can approve a plan, and what does: the text of a note never counts (design, section 11). */
export function whatBinds(name: ForgeName): string {
  return `${name} has no check runs that one app alone can write, so nothing there says what was approved; a fingerprint by hand does (expect), or the plan file of the job`;
}
