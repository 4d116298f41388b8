import type { Leaf } from "./budget.ts";
import { IMPORTANCE } from "./importance.ts";
import type { Risk } from "./risk.ts";

/** Of which cluster something is said. */
export interface View {
  readonly risk: Risk;
}

/** A part of a comment; of the same kind, what is said of the riskier cluster stays longer. */
export function leaf(what: keyof typeof IMPORTANCE, text: string, { risk }: View): Leaf {
  return { text, importance: IMPORTANCE[what] + risk, what: NAMES[what] };
}

/** Belongs to another part of the same importance, and is not counted when it goes with it. */
export function beside(what: keyof typeof IMPORTANCE, text: string, view: View): Leaf {
  return { ...leaf(what, text, view), what: "" };
}

const NAMES: Readonly<Record<keyof typeof IMPORTANCE, string>> = {
  firstFinding: "findings",
  findings: "findings",
  steps: "steps",
  checklist: "checklist items",
  drift: "lines of drift and waivers",
  explanations: "explanations",
  overrides: "overrides",
  checks: "lines of checks",
  consumers: "tables of trust consumers",
  diff: "changes in git",
  guards: "lists of passing guards",
  certificates: "tables of certificates",
  quiet: "clusters with nothing to do",
};
