import { Failure } from "../failure.ts";

/** HTTP status of an answer; `null` when there was none. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return null;
  return "response" in error && error.response !== undefined ? error.status : null;
}

/** The token may not do that: a fork, or a permission that the workflow does not give. */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status === 401 || status === 403 || status === 404;
}

/** GitHub takes no text of that length. */
export function isTooLong(error: unknown): boolean {
  return statusOf(error) === 422 && /too long|too large|maximum/i.test(String(error));
}

/** For the steps that cannot go on without GitHub. */
export function githubFailure(what: string, cause: unknown): Failure {
  const status = statusOf(cause);
  const said = cause instanceof Error ? cause.message : String(cause);
  return new Failure(
    isRefusal(cause) ? "denied" : "storage",
    `cannot ${what}: GitHub ${status === null ? "cannot be reached" : `answered ${status}`} (${said})`,
    {
      hint: isRefusal(cause)
        ? "give the workflow the permissions that the action's description names"
        : "run it again when GitHub is well (githubstatus.com)",
      cause,
    },
  );
}
