import { createInterface } from "node:readline/promises";
import type { Approval } from "../apply/run.ts";
import type { Plan, Step } from "../rotation/plan.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Asks on the terminal. Nothing is the default: Enter approves nothing (`null`), and the point of no return asks
 * for the cluster's name.
 */
export async function askApproval(
  { stdin, stderr }: Terminal,
  plan: Plan,
  flags: Approval,
  signal: AbortSignal,
): Promise<Approval | null> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const asked = flags.steps.size > 0;
    const question = "Take these steps? Type y for yes: ";
    const yes = asked || (await lines.question(question, { signal })).trim() === "y";
    if (!yes) return null;
    const steps = new Set(approvable(plan));
    const final = finalStep(plan);
    if (final === undefined || flags.final) return { steps, final: flags.final };
    const warning = `${final.step.authority} ${final.step.from} → ${final.step.to} cannot be undone. Type the cluster's name (${final.cluster}) to drop the old key: `;
    return { steps, final: (await lines.question(warning, { signal })).trim() === final.cluster };
  } finally {
    lines.close();
  }
}

/** Ids of all that a plan would do: its steps, and its calls about override entries. */
export function approvable({ clusters }: Plan): readonly string[] {
  return clusters.flatMap(({ rotations, overrides }) => [
    ...rotations.flatMap(({ steps }) => steps.map(({ id }) => id)),
    ...overrides.flatMap(({ actions }) => actions.map(({ id }) => id)),
  ]);
}

function finalStep(plan: Plan) {
  return stepsOf(plan).find(({ step }) => step.point_of_no_return);
}

function stepsOf({ clusters }: Plan): readonly { readonly cluster: string; readonly step: Step }[] {
  return clusters.flatMap(({ name, rotations }) =>
    rotations.flatMap(({ steps }) => steps.map((step) => ({ cluster: name, step }))),
  );
}
