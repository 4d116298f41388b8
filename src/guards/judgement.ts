import type { Edge } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";

/** What a guard says of a step. `unknown` blocks as `fail` does. */
export type Judgement =
  | { readonly outcome: "pass"; readonly pending?: true }
  | { readonly outcome: "fail" | "unknown"; readonly findings: readonly Finding[] };

const PASS: Judgement = { outcome: "pass" };

/** Fails when there is something to say. */
export function failWith(findings: readonly Finding[]): Judgement {
  return findings.length === 0 ? PASS : { outcome: "fail", findings };
}

/** Passes when all before it in the plan goes as planned; asked again then. */
export const PENDING: Judgement = { outcome: "pass", pending: true };

/** What nobody knows at the end of a rollback its own approval can take on (design, section 3). */
export function approvableAtTheEnd({ from, to }: Edge): { readonly approvable?: true } {
  return from === "rollback" && to === "standby" ? { approvable: true } : {};
}

/** Blocks, as what would have to be known is not. */
export function unknown(finding: Finding): Judgement {
  return { outcome: "unknown", findings: [finding] };
}
