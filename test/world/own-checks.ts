import type { CheckRunner } from "../../src/apply/context.ts";
import { type AccessCheck, checkContent } from "../../src/resources/model/access-check.ts";
import type { CheckResult } from "../../src/rotation/check-result.ts";
import { ago } from "./host-rotation.ts";
import type { ModelClock } from "./model-cluster.ts";

/** A check of the host CA. */
export function ownCheck(name: string, more: Partial<AccessCheck> = {}): AccessCheck {
  return {
    name,
    kind: "command",
    command: ["try", name],
    authorities: ["host"],
    timeoutMs: 30_000,
    attempts: 1,
    required: false,
    ...more,
  };
}

/** How it ended so many minutes ago. */
export function result(check: AccessCheck, outcome: CheckResult["outcome"], minutes: number): CheckResult {
  return resultAt(check, outcome, ago(minutes));
}

function resultAt(check: AccessCheck, outcome: CheckResult["outcome"], at: string): CheckResult {
  return {
    name: check.name,
    content: checkContent(check),
    at,
    outcome,
    passed: outcome === "passed" ? 1 : 0,
    of: 1,
    detail: outcome === "passed" ? "" : "exit status 1, it said: access denied",
  };
}

/** Says of each check what the test wants now, and remembers when it was asked. */
export class ScriptedChecks {
  readonly ran: string[] = [];
  /** By name; passed where nothing is said. */
  readonly outcomes = new Map<string, CheckResult["outcome"]>();

  runner(clock: ModelClock, where: () => string): CheckRunner {
    return async (_cluster, checks) =>
      checks.map((check) => {
        clock.pass(1_000);
        this.ran.push(`${check.name} in ${where()}`);
        return resultAt(
          check,
          this.outcomes.get(check.name) ?? "passed",
          new Date(clock.now()).toISOString(),
        );
      });
  }
}
