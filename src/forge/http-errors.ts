import { Failure } from "../failure.ts";
import type { ForgeName } from "./forge.ts";
import { forgeWords } from "./forge-words.ts";

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

/** The forge takes no text of that length: GitHub says 422, GitLab 400, a proxy before a forge 413. */
export function isTooLong(error: unknown): boolean {
  const status = statusOf(error);
  if (status === 413) return true;
  return (status === 422 || status === 400) && /too long|too large|maximum/i.test(String(error));
}

/** For the steps that cannot go on without the forge. */
export function forgeFailure(name: ForgeName, what: string, cause: unknown): Failure {
  const status = statusOf(cause);
  const said = cause instanceof Error ? cause.message : String(cause);
  return new Failure(
    isRefusal(cause) ? "denied" : "storage",
    `cannot ${what}: ${name} ${status === null ? "cannot be reached" : `answered ${status}`} (${said})`,
    { hint: isRefusal(cause) ? forgeWords(name).rights : forgeWords(name).later, cause },
  );
}

/** An answer that is none of the API: a page of a proxy, another service. */
export class OddReply extends Error {
  readonly status = 200;
  readonly response = {};
}
