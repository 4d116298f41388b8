import type { GuardVerdict } from "../rotation/plan.ts";

/** One question that should be answered before anybody rotates anything. */
export interface Check {
  readonly name: string;
  readonly outcome: "pass" | "fail" | "unknown";
  readonly message: string;
  readonly remedy: string | null;
}

/** What a guard says of a first step, as a check; `fine` where it has nothing against it or no say. */
export function checkByGuard(name: string, verdict: GuardVerdict | undefined, fine: string): Check {
  const [finding] = verdict?.findings ?? [];
  if (verdict === undefined || finding === undefined)
    return { name, outcome: "pass", message: fine, remedy: null };
  return {
    name,
    outcome: verdict.outcome,
    message: `${finding.subject} ${finding.message}`,
    remedy: finding.remedy,
  };
}
