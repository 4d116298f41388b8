import { Failure } from "../failure.ts";
import { withoutCredentials } from "../secrets.ts";

/** Answers of a remote that mean: somebody moved the ref first. */
const RACE =
  /stale info|fetch first|non-fast-forward|cannot lock ref|failed to lock|failed to update ref|incorrect old value|reference already exists|atomic (push|transaction) failed/;

const DENIED =
  /\b40[13]\b|permission|denied|authenticat|not allowed|protected|could not read username|hook declined/i;

/** What a git that talks to the remote said when it failed. `what`: its command. */
export function remoteFailure(remote: string, what: string, cause: unknown): Failure {
  const said = withoutCredentials(cause instanceof Error ? cause.message : String(cause)).trim();
  const message = `git ${what} on ${remote} failed: ${said}`;
  if (DENIED.test(said) && !RACE.test(said)) {
    return new Failure("denied", message, {
      hint: "whoever runs capstan must be able to push refs/capstan/*; in GitHub Actions that is `contents: write`",
      cause,
    });
  }
  return new Failure("storage", message, {
    hint: `check that \`git ls-remote ${remote}\` works here`,
    cause,
  });
}

/** Somebody moved the ref first, by what `remoteFailure` made of the answer. */
export function isRace(error: unknown): boolean {
  return error instanceof Failure && RACE.test(error.message);
}

/**
 * git takes what is no remote of the clone for an address: a folder of the tree, say, with hooks that come with a
 * commit. Which addresses there are is for whoever made the clone to say.
 */
export function noRemote(remote: string): Failure {
  return new Failure("storage", `this clone has no remote that is called ${remote}`, {
    hint: `\`git remote add ${remote} URL\`, or name another one in the repository resource`,
  });
}
