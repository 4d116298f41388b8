import type { GuardVerdict } from "../../src/rotation/plan.ts";

/** All that a guard says of a step, for golden files: what is worded is a promise, too. */
export function verdictText(verdict: GuardVerdict | undefined): string {
  if (verdict === undefined) return "has no say";
  const { outcome, pending, findings, waived } = verdict;
  const found = findings.flatMap(({ subject, message, remedy, approvable }) => [
    `${subject}: ${message}`,
    `  ${remedy}${approvable === true ? " (or by the step's own approval)" : ""}`,
  ]);
  const accepted = waived.map(({ subject, reason, expires }) => `~${subject}: ${reason}, until ${expires}`);
  return [pending === true ? `${outcome}, as far as can be told` : outcome, ...found, ...accepted].join("\n");
}
