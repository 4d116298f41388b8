import type { RunOutcome } from "../apply/event.ts";
import type { FailureCode } from "../failure.ts";
import type { PlanOutcome } from "../rotation/plan.ts";

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

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

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

export function exitOfPlan(outcome: PlanOutcome): ExitCode {
  switch (outcome) {
    case "no_changes":
      return EXIT.ok;
    case "ready":
      return EXIT.changesPlanned;
    case "blocked":
      return EXIT.blocked;
  }
}

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
