/** When the API of a forge is asked again, and when it is not; pure. */

const ATTEMPTS = 5;

/** A rate limit that lasts longer than this is an error: a job must not sleep for an hour. */
const LONGEST_PAUSE_MS = 2 * 60_000;

/** What GitHub asks for when a secondary rate limit comes without a time; GitLab's limits are by the minute. */
const SECONDARY_PAUSE_MS = 60_000;

/**
 * What is left, and the second of Unix time at which it is whole again: of GitHub, and of GitLab, whose names the
 * draft of the IETF uses for a number of seconds.
 * https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
 */
const QUOTAS = [
  ["x-ratelimit-remaining", "x-ratelimit-reset"],
  ["ratelimit-remaining", "ratelimit-reset"],
] as const;

interface Answer {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

/** Milliseconds to wait before the next attempt, `null` to give up. */
export function pauseBefore(attempt: number, error: unknown, now: number): number | null {
  if (attempt + 1 >= ATTEMPTS) return null;
  const answer = answerOf(error);
  const backOff = 1_000 * 2 ** attempt;
  if (answer === null || answer.status >= 500) return backOff;
  const limit = limitOf(answer, now);
  if (limit === null) return null;
  return limit <= LONGEST_PAUSE_MS ? Math.max(limit, backOff) : null;
}

/**
 * Whether the same request may be sent once more. A rate limit means that nothing was done; after a broken answer
 * nobody knows, and a second POST might make a second comment: whoever posts looks first.
 */
export function canBeTriedAgain(method: string, error: unknown): boolean {
  if (method !== "POST") return true;
  const answer = answerOf(error);
  return answer !== null && answer.status < 500;
}

/** Milliseconds until the rate limit is over; `null` when it is something else that is refused. */
function limitOf({ status, message, headers }: Answer, now: number): number | null {
  if (status !== 403 && status !== 429) return null;
  const after = pauseAsked(headers["retry-after"], now);
  if (after !== null) return after;
  for (const [remaining, reset] of QUOTAS) {
    if (String(headers[remaining]) === "0")
      return Math.max(0, Number(headers[reset] ?? 0) * 1_000 - now) + 1_000;
  }
  return status === 429 || /secondary rate limit/i.test(message) ? SECONDARY_PAUSE_MS : null;
}

/** `Retry-After` is a number of seconds, or a date. */
function pauseAsked(after: string | number | undefined, now: number): number | null {
  if (after === undefined) return null;
  const seconds = Number(after);
  if (Number.isFinite(seconds)) return seconds * 1_000;
  const date = Date.parse(String(after));
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function answerOf(error: unknown): Answer | null {
  if (!(error instanceof Error) || !("response" in error)) return null;
  const response = error.response as { status: number; headers: Answer["headers"] } | undefined;
  if (response === undefined) return null;
  return { status: response.status, message: error.message, headers: response.headers };
}
