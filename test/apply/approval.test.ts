import { describe, expect, it } from "vitest";
import {
  type Approval,
  approvalKey,
  approvalWhere,
  isApproved,
  NOTHING_APPROVED,
  unnamed,
} from "../../src/apply/approval.ts";
import type { Plan, Step } from "../../src/rotation/plan.ts";
import { stepPlaces } from "../../src/rotation/plan-steps.ts";
import { pointOfNoReturn, ready } from "../views/plans.ts";
import { CLUSTER } from "../world/host-rotation.ts";

function stepIn(plan: Plan): Step {
  return stepPlaces(plan)[0]?.step ?? expect.unreachable("the plan has a step");
}

const plain = stepIn(ready());
const last = stepIn(pointOfNoReturn());
const key = (step: Step) => approvalKey(CLUSTER, step.id);
const ordinary = (...steps: readonly Step[]): Approval => ({
  ordinary: new Set(steps.map(key)),
  final: new Map(),
});
const final = (step: Step, named: readonly string[] = []): Approval => ({
  ordinary: new Set(),
  final: new Map([[key(step), named]]),
});

describe("what is approved", () => {
  it.each([
    ["nothing", NOTHING_APPROVED, plain, false],
    ["this step", ordinary(plain), plain, true],
    ["another step", ordinary(last), plain, false],
    ["this step, when it was a point of no return", final(plain), plain, true],
    ["the last step, as an ordinary one", ordinary(last), last, false],
    ["the last step, as what it is", final(last), last, true],
    ["another last step", final(plain), last, false],
    [
      "an ordinary step that has come to set off a clock",
      ordinary(plain),
      { ...plain, starts_clock: true },
      false,
    ],
    ["a step that sets off a clock, as that", final(plain), { ...plain, starts_clock: true }, true],
    ["the last step, before somebody was missing", final(last), { ...last, unaccounted: ["node/a"] }, false],
    ["the last step without somebody", final(last, ["node/a"]), { ...last, unaccounted: ["node/a"] }, true],
    [
      "the last step without one, where two are missing",
      final(last, ["node/a"]),
      { ...last, unaccounted: ["node/a", "node/b"] },
      false,
    ],
    ["the last step without somebody who came back", final(last, ["node/a"]), last, true],
  ] satisfies readonly [string, Approval, Step, boolean][])("%s", (_, approval, step, expected) => {
    expect(isApproved(approval, CLUSTER, step)).toBe(expected);
  });

  it("a step of another cluster is another step", () => {
    expect(isApproved(ordinary(plain), "other.cluster", plain)).toBe(false);
    expect(isApproved(final(last), "other.cluster", last)).toBe(false);
  });

  it("who is missing and was not named is told; of what nobody approved, nobody", () => {
    const missing = { ...last, unaccounted: ["node/a", "node/b"] };
    expect(unnamed(final(last, ["node/a"]), CLUSTER, missing)).toEqual(["node/b"]);
    expect(unnamed(NOTHING_APPROVED, CLUSTER, missing)).toEqual([]);
    expect(unnamed(final(last), CLUSTER, last)).toEqual([]);
  });
});

describe("the approval of a plan", () => {
  it("takes each step for what the plan shows it to be", () => {
    expect(approvalWhere(ready(), () => true)).toEqual(ordinary(plain));
    expect(approvalWhere(pointOfNoReturn(), () => true)).toEqual(final(last));
  });

  it("keeps whom the plan names as missing", () => {
    const plan = pointOfNoReturn();
    const missing = {
      ...plan,
      clusters: plan.clusters.map((cluster) => ({
        ...cluster,
        rotations: cluster.rotations.map((rotation) => ({
          ...rotation,
          steps: rotation.steps.map((step) => ({ ...step, unaccounted: ["node/a"] })),
        })),
      })),
    };
    expect(approvalWhere(missing, () => true)).toEqual(final(last, ["node/a"]));
  });

  it("holds nothing that was not wanted, and every wanted call about an override", () => {
    const plan = ready();
    const calls = {
      ...plan,
      clusters: plan.clusters.map((cluster) => ({
        ...cluster,
        overrides: [{ actions: [{ id: "override/one" }, { id: "override/two" }] }],
      })),
    } as unknown as Plan;
    expect(approvalWhere(calls, () => false)).toEqual(NOTHING_APPROVED);
    const one = approvalWhere(calls, (wanted) => wanted === `${CLUSTER}/override/one`);
    expect([[...one.ordinary], [...one.final]]).toEqual([[`${CLUSTER}/override/one`], []]);
  });
});
