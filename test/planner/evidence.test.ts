import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import { standingOf } from "../../src/planner/rotation-standing.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { RotationResource } from "../../src/resources/model/desired.ts";
import type { LiveAuthority } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import {
  ago,
  authority,
  CLUSTER,
  type component,
  components,
  desired,
  historyWithout,
  key,
  memory,
  NEW,
  NO_OVERRIDES,
  NOW,
  OLD,
  OTHER,
  OUT_OF_INIT,
  observation,
  rotation,
} from "../world/host-rotation.ts";

interface Known {
  readonly live?: Partial<LiveAuthority>;
  readonly seen?: Partial<ClusterObservation>;
  readonly record?: readonly RotationRecord[];
}

function planned(rotations: readonly RotationResource[], phase: Phase, { live, seen, record }: Known = {}) {
  const plan = makePlan({
    overrides: NO_OVERRIDES,
    desired: desired(rotations),
    observations: [observation(phase, { authorities: [{ ...authority(phase), ...live }], ...seen })],
    records: [{ format_version: "1.0", cluster: CLUSTER, rotations: record ?? [memory(phase)] }],
    commit: null,
    histories: new Map([[CLUSTER, historyWithout("host", OLD, "a".repeat(40))]]),
    now: NOW,
  });
  const [cluster] = plan.clusters;
  const steps = cluster?.rotations.flatMap((one) => one.steps) ?? [];
  return {
    outcome: plan.outcome,
    steps,
    drift: cluster?.drift ?? [],
    standing: cluster?.rotations[0]?.standing,
  };
}

function failing({ steps }: ReturnType<typeof planned>) {
  return steps[0]?.guards.filter(({ outcome }) => outcome !== "pass").map(({ id }) => id);
}

const ANOTHERS: Partial<LiveAuthority> = { active: [key(OTHER)], trusted: [key(NEW)] };

describe("absence is no evidence: a rotation that is not ours", () => {
  it("in progress with none of the keys to be retired is not finished, whatever the record has open", () => {
    for (const record of [[], [memory("init")], [memory("init", { current_id: null })]]) {
      const made = planned([rotation("init")], "init", { live: ANOTHERS, record });
      expect(made.outcome).toBe("blocked");
      expect(made.standing).toBe("unclear");
      expect(made.drift.map(({ id }) => id)).toContain("foreign-rotation");
    }
  });

  it("in progress with no active key in the listing: unclear, and it blocks", () => {
    const made = planned([rotation("init")], "init", { live: { active: [], trusted: [key(NEW)] } });
    expect([made.outcome, made.standing]).toEqual(["blocked", "unclear"]);
  });

  it("the record's rotation is over when a later one, which git knows, is under way", () => {
    const earlier = rotation("standby", {
      name: "earlier",
      authorities: [{ type: "host", retire: [OTHER] }],
    });
    const wanted = { type: "host", retire: [OTHER] };
    const record = { format_version: "1.0", cluster: CLUSTER, rotations: [] } as const;
    const later = rotation("init");
    expect(
      standingOf(wanted, authority("init"), earlier, {
        record,
        profile: TELEPORT,
        declared: [earlier, later],
      }),
    ).toBe("finished");
    expect(
      standingOf(wanted, authority("init"), earlier, { record, profile: TELEPORT, declared: [earlier] }),
    ).toBe("unclear");
    const known = { ...record, rotations: [memory("init")] };
    expect(
      standingOf(wanted, authority("init"), earlier, {
        record: known,
        profile: TELEPORT,
        declared: [earlier],
      }),
    ).toBe("finished");
    const other = { ...record, rotations: [memory("init", { current_id: "other" })] };
    expect(
      standingOf(wanted, authority("init"), earlier, {
        record: other,
        profile: TELEPORT,
        declared: [earlier, later],
      }),
    ).toBe("unclear");
  });

  it("a CA that is not in the listing is not over while the record has it under way", () => {
    for (const rotations of [[], [rotation("init")]]) {
      const made = planned(rotations, "init", { live: { type: "user" } });
      expect(made.outcome).toBe("blocked");
      expect(made.drift).toContainEqual(
        expect.objectContaining({ subject: "rotation/host-2026-11", blocks: true }),
      );
    }
  });

  it("nobody declares it any more, and what is under way is another one", () => {
    const made = planned([], "init", { live: ANOTHERS });
    expect(made.outcome).toBe("blocked");
    expect(failing(made)).toContain("foreign-rotation");
  });
});

const WAY_OUT = "`capstan apply --approve-final=acme.cluster/host-2026-11`";

describe("absence is no evidence: the end of a rollback", () => {
  const back = rotation("rollback");
  const used = memory("rollback", {
    turned_back: { ...OUT_OF_INIT, from: "update_clients" },
    phases: (["init", "update_clients", "rollback"] as const).map((phase) => ({
      phase,
      since: ago(9),
      verified_at: ago(8),
    })),
  });
  const lost = components("rollback").filter(({ name }) => name !== "node2");
  const waiver = (guard: string, subject: string) => ({
    guard,
    subject,
    reason: "scrapped",
    expires: "2999-01-01T00:00:00Z",
  });

  it("without a record is not an ordinary step, and does not go by itself", () => {
    const made = planned([back], "rollback", { record: [] });
    expect(made.outcome).toBe("blocked");
    expect(made.steps.at(-1)).toMatchObject({ to: "standby", point_of_no_return: true, reversible: false });
    expect(made.steps.at(-1)?.disrupts).toContain("there is no roster");
    expect(made.steps.at(-1)?.unaccounted).toEqual(["roster/host"]);
    expect(JSON.stringify(made.steps.at(-1)?.guards)).toContain(WAY_OUT);
  });

  it("is an ordinary step when everybody was seen there", () => {
    const made = planned([back], "rollback", { record: [used] });
    expect(made.outcome).toBe("ready");
    expect(made.steps).toMatchObject([{ to: "standby", point_of_no_return: false, reversible: true }]);
  });

  it("waits for who is lost, by name, and says what ends it", () => {
    const made = planned([back], "rollback", { record: [used], seen: { components: lost } });
    expect(made.outcome).toBe("blocked");
    expect(failing(made)).toEqual(["roster"]);
    const [finding] = made.steps[0]?.guards.find(({ id }) => id === "roster")?.findings ?? [];
    expect(finding?.subject).toBe("node/node2");
    expect(finding?.remedy).toContain("`capstan waive roster node/node2 --reason REASON --expires 14d`");
    expect(finding?.remedy).toContain("point of no return");
  });

  it("is a point of no return with a waived member, and says who", () => {
    const waived = rotation("rollback", { waive: [waiver("roster", "node/node2")] as never });
    const made = planned([waived], "rollback", { record: [used], seen: { components: lost } });
    expect(made.outcome).toBe("blocked");
    expect(made.steps).toMatchObject([
      { to: "standby", point_of_no_return: true, unaccounted: ["node/node2"] },
    ]);
    expect(made.steps[0]?.disrupts).toContain("node/node2 (waived)");
    expect(failing(made)).toEqual(["roster"]);
    expect(JSON.stringify(made.steps[0]?.guards)).toContain(WAY_OUT);
  });

  it("is one with a roster that was taken in the middle, as somebody may have been lost before", () => {
    const { previous_id: _, ...adopted } = used;
    const made = planned([back], "rollback", { record: [adopted] });
    expect(made.steps).toMatchObject([{ to: "standby", point_of_no_return: true }]);
    expect(made.steps[0]?.disrupts).toContain("there is no roster");
  });

  it("waits for nobody when the key that goes was never used", () => {
    const made = planned([back], "rollback", { seen: { components: lost } });
    expect(made.outcome).toBe("ready");
    expect(made.steps).toMatchObject([{ to: "standby", point_of_no_return: false }]);
  });

  it("is the same when git no longer declares the rotation", () => {
    for (const record of [used, memory("rollback"), { ...used, phases: used.phases.slice(0, 2) }]) {
      for (const seen of [{}, { components: lost }]) {
        const asked = planned([back], "rollback", { record: [record], seen });
        const undeclared = planned([], "rollback", { record: [record], seen });
        expect(undeclared.steps.map(({ id, point_of_no_return }) => [id, point_of_no_return])).toEqual(
          asked.steps.map(({ id, point_of_no_return }) => [id, point_of_no_return]),
        );
        expect(undeclared.outcome).toBe(asked.outcome);
      }
    }
  });

  it("drops the old key where the key sets say so, whatever it is called", () => {
    const swapped = { active: [key(NEW)], trusted: [key(OLD)] };
    const made = planned([back], "rollback", { live: swapped, seen: { components: lost } });
    expect(made.outcome).toBe("blocked");
    expect(made.steps.at(-1)?.why).toContain("The old key is dropped");
    expect(made.steps.at(-1)?.point_of_no_return).toBe(true);
    const turned = memory("rollback", { state: "rolling_back" });
    const notes = makePlan({
      desired: desired([rotation("init")]),
      observations: [observation("rollback", { authorities: [{ ...authority("rollback"), ...swapped }] })],
      records: [{ format_version: "1.0", cluster: CLUSTER, rotations: [turned] }],
      commit: null,
      now: NOW,
    }).clusters[0]?.rotations[0]?.notes;
    expect(notes?.join()).toContain("with the new key");
    expect(notes?.join()).not.toContain("with the old key");
  });
});

describe("absence is no evidence: a phase that nobody has looked at", () => {
  it("is looked at before it is left", () => {
    const unverified = memory("init", { phases: [{ phase: "init", since: ago(30), verified_at: null }] });
    const made = planned([rotation("update_clients")], "init", { record: [unverified] });
    expect(made.steps.map(({ action, from, to }) => [action, from, to])).toEqual([
      ["verify", "init", "init"],
      ["rotate", "init", "update_clients"],
    ]);
  });

  it("is looked at after a last step in which a run was killed, also at the end of a rollback", () => {
    const phases = [
      ...memory("update_clients").phases,
      { phase: "standby" as const, since: ago(1), verified_at: null },
    ];
    const at = (active: typeof OLD) => ({
      active: [key(active)],
      trusted: [],
      rotation: { ...authority("standby").rotation, currentId: memory("init").current_id },
    });
    for (const [active, wanted, state] of [
      [NEW, rotation("standby"), "open"],
      [OLD, rotation("rollback"), "rolling_back"],
      [OLD, null, "rolling_back"],
    ] as const) {
      const record = [memory("init", { phases, state })];
      const made = planned(wanted === null ? [] : [wanted], "standby", { live: at(active), record });
      expect(made.steps.map(({ action, to }) => [action, to])).toEqual([["verify", "standby"]]);
    }
  });
});

describe("absence is no evidence: what a component reports", () => {
  const idOf = memory("init").current_id;
  const standby = { rotation: { ...authority("standby").rotation, currentId: idOf } };
  const all = components("init").map((one) => ({ ...one, phase: "standby" as const }));
  const next = rotation("init", { name: "next" });
  const with2 = (change: Parameters<typeof component>[2]) =>
    all.map((one) => (one.name === "node2" ? { ...one, ...change } : one));

  it.each([
    ["everybody has the id of the last rotation", all, true],
    ["one says standby with another id", with2({ currentId: "earlier" }), false],
    ["one says standby with no id", with2({ currentId: null }), false],
    ["one reports an empty rotation", with2({ currentId: null, unclear: "" }), false],
    ["one reports a phase that nobody knows", with2({ unclear: "sideways" }), false],
  ])("before init: %s", (_, seen, ready) => {
    const made = planned([next], "standby", { live: standby, seen: { components: seen }, record: [] });
    expect(made.outcome).toBe(ready ? "ready" : "blocked");
    if (!ready) expect(failing(made)).toEqual(["components-ready"]);
  });

  it("a cluster that never rotated, with rows that say nothing, is ready", () => {
    const fresh = components("standby").map((one) => ({ ...one, unclear: "" }));
    expect(planned([next], "standby", { seen: { components: fresh }, record: [] }).outcome).toBe("ready");
  });

  it("who slept through a rotation that was rolled back lost nothing", () => {
    const past = memory("init", {
      state: "rolled_back",
      ended_at: ago(5),
      previous_id: null,
      name: "before",
      contents: ["content-before"],
    });
    const seen = { components: with2({ currentId: null, unclear: "" }) };
    expect(planned([next], "standby", { live: standby, seen, record: [past] }).outcome).toBe("ready");
    const finished = { ...past, state: "finished" as const };
    expect(planned([next], "standby", { live: standby, seen, record: [finished] }).outcome).toBe("blocked");
  });

  it.each([
    ["an empty rotation", { phase: "standby" as const, currentId: null, unclear: "" }],
    ["no rotation at all", { phase: null, currentId: null }],
  ])("a member of the roster that reports %s in the middle is waited for", (_, change) => {
    const seen = components("init").map((one) => (one.name === "node2" ? { ...one, ...change } : one));
    const made = planned([rotation("update_clients")], "init", { seen: { components: seen } });
    expect(made.outcome).toBe("blocked");
    expect(failing(made)).toContain("roster");
  });
});

describe("work by hand of a rollback", () => {
  const userPlan = (phase: Phase, record: Partial<RotationRecord> = {}) =>
    planned([rotation("rollback", { authorities: [{ type: "user", retire: [OLD] }] })], phase, {
      live: { type: "user" },
      record: [memory(phase, { authority: "user", ...record })],
    });
  const asks = (made: ReturnType<typeof planned>) => made.steps.at(-1)?.checklist.map(({ id }) => id) ?? [];

  it("is not asked for what the new key signed where it signed nothing", () => {
    expect(asks(userPlan("init"))).not.toContain("user/rollback/login-again");
    expect(asks(userPlan("rollback"))).not.toContain("user/rollback/login-again");
  });

  it("is asked for where it may have signed", () => {
    expect(asks(userPlan("update_clients"))).toContain("user/rollback/login-again");
    const unknown = userPlan("rollback", { turned_back: null });
    expect(asks(unknown)).toContain("user/rollback/login-again");
  });
});
