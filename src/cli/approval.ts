import { createInterface } from "node:readline/promises";
import type { Approval } from "../apply/run.ts";
import type { Plan, Step } from "../rotation/plan.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Asks on the terminal. Nothing is the default: Enter approves nothing, and the point of no return asks for the
 * cluster's name.
 */
export async function askApproval(
  { stdin, stderr }: Terminal,
  plan: Plan,
  flags: Approval,
  signal: AbortSignal,
): Promise<Approval> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const ordinary =
      flags.ordinary ||
      (await lines.question("Take these steps? Type y for yes: ", { signal })).trim() === "y";
    if (!ordinary) return { ordinary: false, final: false };
    const final = finalStep(plan);
    if (final === undefined || flags.final) return { ordinary, final: flags.final };
    const question = `${final.step.authority} ${final.step.from} → ${final.step.to} cannot be undone. Type the cluster's name (${final.cluster}) to drop the old key: `;
    return { ordinary, final: (await lines.question(question, { signal })).trim() === final.cluster };
  } finally {
    lines.close();
  }
}

function finalStep(plan: Plan): { readonly cluster: string; readonly step: Step } | undefined {
  return plan.clusters
    .flatMap(({ name, rotations }) =>
      rotations.flatMap(({ steps }) => steps.map((step) => ({ cluster: name, step }))),
    )
    .find(({ step }) => step.point_of_no_return);
}
