import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import { planDifference } from "../../src/planner/saved/plan-difference.ts";
import { keyMoves } from "../../src/planner/step-keys.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { KeyMove, KeyPlan, Plan } from "../../src/rotation/plan.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import {
  ago,
  CLUSTER,
  component,
  components,
  desired,
  memory,
  NEW,
  NOW,
  OLD,
  OTHER,
  observation,
  rotation,
} from "../world/host-rotation.ts";

function key(fingerprint: KeyPlan["fingerprint"], role: KeyPlan["role"], status: KeyPlan["status"]): KeyPlan {
  const rest = { authority: "host", protocol: "tls", algorithm: null, storage: null } as const;
  return { ...rest, fingerprint, role, status, certificate: null };
}

const KEYS = {
  standby: [key(OLD, "retiring", "active")],
  init: [key(OLD, "retiring", "active"), key(NEW, "introduced", "trusted")],
  later: [key(OLD, "retiring", "trusted"), key(NEW, "introduced", "active")],
} as const;

function said(moves: readonly KeyMove[]): readonly string[] {
  return moves.map(
    ({ role, fingerprint, before, after }) =>
      `${fingerprint === null ? "a new one" : role} ${before} → ${after}`,
  );
}

type Case = readonly [
  from: Phase,
  to: Phase,
  live: Phase,
  keys: readonly KeyPlan[],
  end: Parameters<typeof keyMoves>[3],
  expected: readonly string[],
];

const CASES: readonly Case[] = [
  [
    "standby",
    "init",
    "standby",
    KEYS.standby,
    null,
    ["retiring active → active", "a new one absent → trusted"],
  ],
  [
    "init",
    "update_clients",
    "init",
    KEYS.init,
    null,
    ["retiring active → trusted", "introduced trusted → active"],
  ],
  // Later steps of a walk, of which the new key is not known yet.
  [
    "init",
    "update_clients",
    "standby",
    KEYS.standby,
    null,
    ["retiring active → trusted", "a new one trusted → active"],
  ],
  [
    "update_servers",
    "standby",
    "standby",
    KEYS.standby,
    null,
    ["retiring trusted → gone", "a new one active → active"],
  ],
  [
    "update_servers",
    "standby",
    "update_servers",
    KEYS.later,
    null,
    ["retiring trusted → gone", "introduced active → active"],
  ],
  // A third key that is only trusted goes with the old one.
  [
    "update_servers",
    "standby",
    "update_servers",
    [...KEYS.later, key(OTHER, "other", "trusted")],
    null,
    ["retiring trusted → gone", "introduced active → active", "other trusted → gone"],
  ],
  [
    "update_clients",
    "rollback",
    "update_clients",
    KEYS.later,
    "new-key-goes",
    ["retiring trusted → active", "introduced active → trusted"],
  ],
  [
    "rollback",
    "standby",
    "update_clients",
    KEYS.later,
    "new-key-goes",
    ["retiring active → active", "introduced trusted → gone"],
  ],
  // Where a rollback out of init has the new key sign, the old one goes at its end.
  [
    "init",
    "rollback",
    "init",
    KEYS.init,
    "old-key-goes",
    ["retiring active → trusted", "introduced trusted → active"],
  ],
  [
    "rollback",
    "standby",
    "rollback",
    KEYS.later,
    "old-key-goes",
    ["retiring trusted → gone", "introduced active → active"],
  ],
  [
    "rollback",
    "standby",
    "rollback",
    KEYS.later,
    "unclear",
    ["retiring trusted → unknown", "introduced active → unknown"],
  ],
  // What no step does, does nothing to a key.
  ["init", "standby", "init", KEYS.init, null, []],
];

describe("what a step does to each key", () => {
  it.each(CASES)("%s → %s, live in %s", (from, to, live, keys, end, expected) => {
    expect(said(keyMoves({ from, to }, live, keys, end))).toEqual(expected);
  });
});

function planOf(
  live: Phase,
  wanted: Phase,
  changes: Parameters<typeof rotation>[1] = {},
  seen: Partial<ClusterObservation> = {},
): Plan {
  return makePlan({
    desired: desired([rotation(wanted, { strategy: "walk", ...changes })]),
    observations: [observation(live, seen)],
    records: [{ ...emptyRecord(CLUSTER), rotations: live === "standby" ? [] : [memory(live)] }],
    commit: null,
    now: NOW,
  });
}

function counts(plan: Plan): readonly (string | null)[] {
  return (plan.clusters[0]?.rotations[0]?.steps ?? []).map(({ components: seen }) =>
    seen === undefined
      ? null
      : `${seen.there}/${seen.total} at ${seen.phase}, waived: ${seen.waived.join(" ")}`,
  );
}

const lost = components("init").filter(({ name }) => name !== "node2");
const waive = [{ guard: "roster", subject: "node/node2", reason: "scrapped", expires: ago(-60) }];

describe("who is where a step starts", () => {
  it("is counted for the step at hand, and not for those after it", () => {
    expect(counts(planOf("init", "update_servers"))).toEqual(["5/5 at init, waived: ", null]);
  });

  it("before the start, too", () => {
    expect(counts(planOf("standby", "init"))).toEqual(["5/5 at standby, waived: "]);
  });

  it("a member of the roster that is not listed is missing", () => {
    const plan = planOf("init", "update_clients", {}, { components: lost });
    expect(counts(plan)).toEqual(["4/5 at init, waived: "]);
    expect(plan.clusters[0]?.rotations[0]?.steps[0]?.components?.kinds).toEqual([
      { kind: "auth_server", total: 1, there: 1 },
      { kind: "proxy", total: 1, there: 1 },
      { kind: "node", total: 3, there: 2 },
    ]);
  });

  it("a waiver in force leaves it out, by name; one that is over does not", () => {
    const seen = { components: lost };
    expect(counts(planOf("init", "update_clients", { waive }, seen))).toEqual([
      "4/4 at init, waived: node/node2",
    ]);
    const over = waive.map((one) => ({ ...one, expires: ago(1) }));
    expect(counts(planOf("init", "update_clients", { waive: over }, seen))).toEqual([
      "4/5 at init, waived: ",
    ]);
  });

  it("a component that joins and is well is no other plan to approve", () => {
    const one = planOf("init", "update_clients");
    const joined = component("node", "node4", { ...components("init")[4], id: "id-of-node4", name: "node4" });
    const other = planOf("init", "update_clients", {}, { components: [...components("init"), joined] });
    expect(counts(other)).toEqual(["6/6 at init, waived: "]);
    expect(planDifference(one, other)).toEqual([]);
    expect(other.fingerprint).toBe(one.fingerprint);
  });
});
