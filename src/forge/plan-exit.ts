/** The exit codes of `capstan plan` that mean something of their own here (design, section 6). */
const EXIT_CHANGES = 2;

/** A guard, or a cluster that may not be read before the merge. */
export const EXIT_BLOCKED = 3;

/** Changes that are planned are no failure of a job; all else that `capstan plan` ends with is. */
export function jobExit(exit: number): number {
  return exit === EXIT_CHANGES ? 0 : exit;
}
