import type { RunOutcome } from "../apply/event.ts";
import type { FailureCode } from "../failure.ts";
import type { Plan, ProblemCode } from "../rotation/plan.ts";

/** The exit codes are a contract (design, section 6); this is the one place that knows them. */
export const EXIT = {
  ok: 0,
  error: 1,
  changesPlanned: 2,
  blocked: 3,
  rolledBack: 4,
  stale: 5,
  locked: 6,
  interrupted: 130,
} as const;

/** What a command line may end with. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Of a command that could not do what it was asked. */
export function exitOfFailure(code: FailureCode): ExitCode {
  switch (code) {
    case "locked":
      return EXIT.locked;
    case "stale":
      return EXIT.stale;
    case "interrupted":
      return EXIT.interrupted;
    case "usage":
    case "resources":
    case "executable":
    case "denied":
    case "refused":
    case "storage":
      return EXIT.error;
  }
}

/** Of `plan`: of several clusters the gravest counts. */
export function exitOfPlan({ outcome, clusters }: Pick<Plan, "outcome" | "clusters">): ExitCode {
  switch (outcome) {
    case "no_changes":
      return EXIT.ok;
    case "ready":
      return EXIT.changesPlanned;
    case "blocked":
      return EXIT.blocked;
    case "incomplete": {
      const exits = clusters.flatMap(({ problem }) =>
        problem === null ? [] : [exitOfProblem(problem.code)],
      );
      return GRAVEST_FIRST.find((exit) => exits.includes(exit)) ?? EXIT.blocked;
    }
  }
}

/** Of several clusters the gravest counts. */
const GRAVEST_FIRST: readonly ExitCode[] = [
  EXIT.interrupted,
  EXIT.error,
  EXIT.rolledBack,
  EXIT.stale,
  EXIT.locked,
  EXIT.blocked,
  EXIT.changesPlanned,
  EXIT.ok,
];

/** A cluster that may not be read before a merge waits for it; one that cannot be read is an error of its own. */
function exitOfProblem(code: ProblemCode): ExitCode {
  return code === "not-trusted-yet" ? EXIT.blocked : exitOfFailure(code);
}

/** Of `apply` and of a round of `reconcile`. */
export function exitOfRun(outcome: RunOutcome): ExitCode {
  switch (outcome) {
    case "nothing-to-do":
    case "applied":
      return EXIT.ok;
    case "blocked":
    case "rollback-unfinished":
      return EXIT.blocked;
    case "rolled-back":
      return EXIT.rolledBack;
    case "failed":
      return EXIT.error;
    case "interrupted":
      return EXIT.interrupted;
    case "locked":
      return EXIT.locked;
    case "stale":
      return EXIT.stale;
  }
}
