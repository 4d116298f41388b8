import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { approvedFinal, askApproval, keysOfFinal } from "../../src/cli/approved-steps.ts";
import { makePlan } from "../../src/planner/planner.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { authority, cluster, desired, memory, observation, rotation } from "../world/host-rotation.ts";

const NAMES = ["staging.example.com", "prod.example.com"] as const;
const NEVER = new AbortController().signal;
const key = (name: string) => `${name}/host-2026-11/host/update_servers-standby`;

function atTheEnd() {
  const state = {
    ...desired(NAMES.map((name) => rotation("standby", { cluster: name }))),
    clusters: NAMES.map((name) => ({ ...cluster(), name })),
  };
  const plan = makePlan({
    desired: state,
    observations: NAMES.map((name) => ({
      ...observation("update_servers"),
      cluster: name,
      authorities: [authority("update_servers", { cluster: name })],
    })),
    records: NAMES.map((name) => ({ ...emptyRecord(name), rotations: [memory("update_servers")] })),
    commit: null,
    now: Date.parse("2026-11-21T12:00:00Z"),
  });
  return { state, plan };
}

/** A person who answers every question by what it is about. */
async function asked(answer: (question: string) => string) {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()];
  const questions: string[] = [];
  stderr.on("data", (data) => {
    const text = String(data);
    if (!text.trimEnd().endsWith(":")) return;
    questions.push(text);
    stdin.write(`${answer(text)}\n`);
  });
  const terminal = { stdin, stderr } as unknown as Parameters<typeof askApproval>[0];
  const approval = await askApproval(terminal, atTheEnd().plan, { ordinary: false, final: [] }, NEVER);
  return { questions, steps: [...(approval?.final.keys() ?? [])] };
}

describe("an approval is a set of steps", () => {
  it("every point of no return is asked for by itself, and names its cluster", async () => {
    const { questions, steps } = await asked((text) => (text.includes("Take these") ? "y" : NAMES[0]));
    expect(questions).toHaveLength(3);
    expect(questions[1]).toContain(`Type the cluster's name (${NAMES[0]})`);
    expect(questions[2]).toContain(`Type the cluster's name (${NAMES[1]})`);
    expect(steps).toEqual([key(NAMES[0])]);
  });

  it("a flag names a cluster, or a rotation of it, as often as it takes", () => {
    const { plan, state } = atTheEnd();
    const keys = (...values: string[]) => approvedFinal(plan, values, state).flatMap(keysOfFinal);
    expect(keys()).toEqual([]);
    expect(keys(NAMES[1])).toEqual([key(NAMES[1])]);
    expect(keys(`${NAMES[0]}/host-2026-11`)).toEqual([key(NAMES[0])]);
    expect(keys(...NAMES)).toEqual(NAMES.map(key));
  });

  it("bare it is refused where several rotations have one, with the lines to paste", () => {
    const { plan, state } = atTheEnd();
    let refused: unknown = null;
    try {
      approvedFinal(plan, [""], state);
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: "usage" });
    for (const name of NAMES) {
      expect(refused).toMatchObject({
        hint: expect.stringContaining(`  --approve-final=${name}/host-2026-11`),
      });
    }
    const one = { ...plan, clusters: plan.clusters.slice(0, 1) };
    expect(approvedFinal(one, [""], state).flatMap(keysOfFinal)).toEqual([key(NAMES[0])]);
  });

  it.each(["prod", "prod.example.com/host", "host-2026-11", "prod.example.com/"])(
    "no %s is there",
    (value) => {
      const { plan, state } = atTheEnd();
      expect(() => approvedFinal(plan, [value], state)).toThrow(/names no cluster and no rotation/);
    },
  );
});
