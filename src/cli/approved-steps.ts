import { createInterface } from "node:readline/promises";
import { type Approval, approvalKey, approvalWhere } from "../apply/approval.ts";
import { Failure } from "../failure.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import { needsOwnApproval, type Plan, type Step } from "../rotation/plan.ts";
import { stepPlaces } from "../rotation/plan-steps.ts";
import type { Terminal } from "./terminal.ts";

/** The steps of one rotation that are approved by themselves: of a pair, both halves are one. */
export interface FinalSteps {
  readonly cluster: string;
  readonly rotation: string;
  readonly steps: readonly Step[];
}

/** The steps that need an approval of their own, by rotation, in the order of the plan. */
export function finalSteps({ clusters }: Plan): readonly FinalSteps[] {
  return clusters.flatMap(({ name: cluster, rotations }) =>
    rotations.flatMap(({ name: rotation, steps }) => {
      const final = steps.filter(needsOwnApproval);
      return final.length === 0 ? [] : [{ cluster, rotation, steps: final }];
    }),
  );
}

/** Everything that a plan would do and that needs no approval of its own: its steps, and its calls about entries. */
export function ordinarySteps(plan: Plan): readonly string[] {
  return [
    ...stepPlaces(plan)
      .filter(({ step }) => !needsOwnApproval(step))
      .map(({ cluster, step }) => approvalKey(cluster.name, step.id)),
    ...plan.clusters.flatMap(({ name, overrides }) =>
      overrides.flatMap(({ actions }) => actions.map(({ id }) => approvalKey(name, id))),
    ),
  ];
}

/** What an approval lists for the final steps of one rotation: `CLUSTER/STEP-ID`. */
export function keysOfFinal({ cluster, steps }: FinalSteps): readonly string[] {
  return steps.map(({ id }) => approvalKey(cluster, id));
}

/**
 * The rotations whose point of no return the flags approve. A name that nothing has, and a bare flag where several
 * rotations have one, are a `Failure`: one word must not end more than a person has in mind.
 */
export function approvedFinal(
  plan: Plan,
  values: readonly string[],
  desired: DesiredState,
): readonly FinalSteps[] {
  const all = finalSteps(plan);
  for (const value of values) insistOnKnown(value, plan, desired);
  if (values.includes("") && all.length > 1 && values.every((value) => value === "")) {
    const lines = all.map((final) => `  --approve-final=${nameOf(final)}`).join("\n");
    throw new Failure(
      "usage",
      `--approve-final approves one point of no return, and this plan has those of ${all.length} rotations`,
      { hint: `name those that are meant, one flag each:\n${lines}` },
    );
  }
  const bare = values.includes("") && all.length === 1;
  return all.filter(
    (final) => bare || values.some((value) => value === final.cluster || value === nameOf(final)),
  );
}

function nameOf({ cluster, rotation }: FinalSteps): string {
  return `${cluster}/${rotation}`;
}

function insistOnKnown(value: string, { clusters }: Plan, desired: DesiredState): void {
  if (value === "") return;
  const known = new Set([
    ...desired.clusters.map(({ name }) => name),
    ...desired.rotations.map(({ cluster, name }) => `${cluster}/${name}`),
    ...clusters.flatMap(({ name, rotations }) => [name, ...rotations.map((one) => `${name}/${one.name}`)]),
  ]);
  if (known.has(value)) return;
  const there = [...known].filter((name) => name.includes("/")).toSorted();
  const hint = there.length === 0 ? "there is no rotation" : `there are ${there.join(", ")}`;
  throw new Failure("usage", `--approve-final=${value} names no cluster and no rotation of this plan`, {
    hint: `${hint}; the value is CLUSTER or CLUSTER/ROTATION`,
  });
}

/**
 * Asks on the terminal. Nothing is the default: Enter approves nothing (`null`). Every point of no return is asked for
 * by itself, names what it drops, and takes a name that is typed.
 */
export async function askApproval(
  { stdin, stderr }: Pick<Terminal, "stdin" | "stderr">,
  plan: Plan,
  flags: { readonly ordinary: boolean; readonly final: readonly FinalSteps[] },
  signal: AbortSignal,
): Promise<Approval | null> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const question = "Take these steps? Type y for yes: ";
    const yes = flags.ordinary || (await lines.question(question, { signal })).trim() === "y";
    if (!yes) return null;
    const steps = new Set([...ordinarySteps(plan), ...flags.final.flatMap(keysOfFinal)]);
    const all = finalSteps(plan);
    for (const final of all) {
      if (keysOfFinal(final).every((key) => steps.has(key))) continue;
      const typed = (await lines.question(finalQuestion(final, all), { signal })).trim();
      if (typed === nameToType(final, all)) for (const key of keysOfFinal(final)) steps.add(key);
    }
    return approvalWhere(plan, (key) => steps.has(key));
  } finally {
    lines.close();
  }
}

function finalQuestion(final: FinalSteps, all: readonly FinalSteps[]): string {
  const moves = final.steps.map(({ authority, from, to }) => `${authority} ${from} → ${to}`).join(" and ");
  const name = nameToType(final, all);
  const what = name === final.cluster ? "the cluster's name" : "its name";
  const isStart = final.steps.every(({ starts_clock }) => starts_clock === true);
  return isStart
    ? `${nameOf(final)}: ${moves} starts the platform's own clock, which drops the old key in the end. Type ${what} (${name}) to start it: `
    : `${nameOf(final)}: ${moves} cannot be undone. Type ${what} (${name}) to drop the old key: `;
}

/** The cluster's name, as long as it means one rotation. */
function nameToType(final: FinalSteps, all: readonly FinalSteps[]): string {
  const ofCluster = all.filter(({ cluster }) => cluster === final.cluster);
  return ofCluster.length === 1 ? final.cluster : nameOf(final);
}
