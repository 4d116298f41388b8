/**
 * The world is broken or the input is: what was tried, on what, what was seen, what to do.
 * Anything else that is thrown is a bug of capstan. `cli/exit-code.ts` maps codes to exit codes.
 */
export class Failure extends Error {
  readonly code: FailureCode;
  /** What the person can do about it: begins small, with the verb, and has no stop, as it stands after an arrow. */
  readonly hint: string | null;

  constructor(code: FailureCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.code = code;
    this.hint = options.hint ?? null;
  }
}

/** What kind of trouble a `Failure` is; `cli/exit-code.ts` has the exit of each. */
export type FailureCode =
  /** Bad flags or arguments. */
  | "usage"
  /** Bad resources in the repository. */
  | "resources"
  /** An executable is missing, hangs, fails, or prints what nobody can read. */
  | "executable"
  /** The platform says no: RBAC, MFA, expired credentials. */
  | "denied"
  /** The platform refuses the transition, or the repository's policy the run. */
  | "refused"
  /** Somebody else holds the lock. */
  | "locked"
  /** The plan file is stale, or not the approved one. */
  | "stale"
  /** Record, journal or sandbox files cannot be read or written. */
  | "storage"
  /** Stopped by a signal, at a safe point. */
  | "interrupted";

/**
 * What failed for one of several, which the others go on without. Throws what ends the run: an interruption, and a
 * bug of capstan.
 */
export function failureOfOne(error: unknown): Failure {
  if (!(error instanceof Failure) || error.code === "interrupted") throw error;
  return error;
}
