import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import { verdictOf } from "../../src/planner/verdict.ts";
import type { Waiver } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import { writtenDate } from "../../src/written-date.ts";
import {
  ago,
  CLUSTER,
  components,
  desired,
  memory,
  NOW,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const UNTIL = ago(-60);

/** What the plan of a step out of init says of one waiver: the notes, and what its guards waived. */
function said(
  [guard, subject]: readonly [string, string],
  {
    lost = [],
    wanted = "update_clients",
    expires = UNTIL,
  }: { readonly lost?: readonly string[]; readonly wanted?: Phase; readonly expires?: string } = {},
) {
  const plan = makePlan({
    desired: desired([rotation(wanted, { waive: [{ guard, subject, reason: "scrapped", expires }] })]),
    observations: [
      observation("init", { components: components("init").filter(({ name }) => !lost.includes(name)) }),
    ],
    records: [{ format_version: "1.0", cluster: CLUSTER, rotations: [memory("init")] }],
    commit: null,
    now: NOW,
  });
  const [found] = plan.clusters[0]?.rotations ?? [];
  return {
    notes: found?.notes.filter((note) => note.startsWith("waives ")) ?? [],
    waived: found?.steps.flatMap(({ guards }) => guards.flatMap(({ waived }) => waived)) ?? [],
  };
}

describe("a waiver in a plan", () => {
  it("that is used stands with its guard", () => {
    const { notes, waived } = said(["roster", "node/node2"], { lost: ["node2"] });
    expect(notes).toEqual([]);
    expect(waived.map(({ subject }) => subject)).toEqual(["node/node2"]);
  });

  it.each([
    ["nothing needs now", "roster", "node/node2", "no step that was judged needs it"],
    ["names nobody", "roster", "node/node22", "it matches nothing; did you mean node/node2?"],
    ["names no consumer", "trust-consumers", "consumer/ordesr", "it matches nothing"],
    ["is of a guard that is never waived", "phase-order", "authority/host", "this guard cannot be waived"],
    ["is about what cannot be listed", "version", "version/client", "no step that was judged needs it"],
  ])("that %s is shown", (_, guard, subject, effect) => {
    const { notes } = said([guard, subject], { lost: [] });
    expect(notes).toEqual([
      expect.stringContaining(`waives ${guard} for ${subject} until ${writtenDate(UNTIL)} (scrapped)`),
    ]);
    expect(notes[0]).toContain(effect);
  });

  it("is shown where there is no step to take", () => {
    expect(said(["roster", "node/node22"], { wanted: "init" }).notes[0]).toContain("matches nothing");
  });

  it("that has expired is none any more", () => {
    expect(said(["roster", "node/node22"], { expires: ago(1) }).notes).toEqual([]);
  });
});

const FREEZE = { from: ago(60), to: ago(-6000), reason: "sale" };
const SALE = { guard: "window", subject: "authority/host", reason: "agreed with sales", expires: UNTIL };
const SPENT = [{ ...SALE, guard: "window", from: "standby", to: "init" }] as const;

/** What the guards of time say of each step of a walk to its end. */
function walkedPlan(
  waive: readonly Waiver[],
  policy: Parameters<typeof desired>[1],
  { phase = "standby", record = [] }: { phase?: Phase; record?: readonly RotationRecord[] } = {},
) {
  const plan = makePlan({
    desired: desired([rotation("standby", { strategy: "walk", waive })], policy),
    observations: [observation(phase)],
    records: [{ format_version: "1.0", cluster: CLUSTER, rotations: record }],
    commit: null,
    now: NOW,
  });
  const [found] = plan.clusters[0]?.rotations ?? [];
  const steps = found?.steps.map(({ to, guards }) => {
    const ofTime = guards.filter(({ id }) => id === "window" || id === "soak");
    return [
      to,
      ...ofTime.flatMap(({ id, outcome, waived }) => [id, waived.length > 0 ? "waived" : outcome]),
    ].join(" ");
  });
  const messages = found?.steps.flatMap(({ guards }) =>
    guards.flatMap(({ findings }) => findings.map(({ message }) => message)),
  );
  return { plan, steps, messages, notes: found?.notes.filter((note) => note.startsWith("waives ")) };
}

describe("what is judged is what is done: a waiver of time covers one step", () => {
  it("the steps after it are blocked in the plan, and say whom the waiver let through", () => {
    const { plan, steps, messages } = walkedPlan([SALE], { freezes: [FREEZE] });
    expect(steps).toEqual([
      "init window waived",
      "update_clients window fail",
      "update_servers window fail",
      "standby window fail",
    ]);
    expect(messages?.[0]).toMatch(
      /; the waiver \(agreed with sales\) covers standby → init and no other step$/,
    );
    expect(plan.outcome).toBe("blocked");
    expect(verdictOf(plan)).toBe("blocked_in_part");
  });

  it("a second waiver is a second step", () => {
    const { steps } = walkedPlan([SALE, { ...SALE, reason: "and again" }], { freezes: [FREEZE] });
    expect(steps?.slice(0, 3)).toEqual([
      "init window waived",
      "update_clients window waived",
      "update_servers window fail",
    ]);
  });

  it("the soak time of the next phase begins when it gets there", () => {
    const waiver = { ...SALE, guard: "soak" };
    const record = [memory("init")];
    const { steps, messages } = walkedPlan([waiver], { soakMs: 86_400_000 * 365 }, { phase: "init", record });
    expect(steps).toEqual(["update_clients soak waived", "update_servers soak fail", "standby soak fail"]);
    expect(messages?.[0]).toContain("its soak time in update_clients begins when it gets there");
  });

  it("where no waiver is used, the steps to come are judged in their turn", () => {
    const { steps } = walkedPlan([], { windows: [] });
    expect(steps).toEqual(["init", "update_clients", "update_servers", "standby"]);
    const other = { ...SALE, subject: "authority/user" };
    expect(walkedPlan([other], { freezes: [FREEZE] }).steps?.slice(0, 2)).toEqual([
      "init window fail",
      "update_clients",
    ]);
  });

  it("the step that it was used up by has it still after a kill, the next one has not", () => {
    const record = [{ ...memory("init"), phases: [], current_id: null, introduced: [], spent: SPENT }];
    expect(walkedPlan([SALE], { freezes: [FREEZE] }, { record }).steps?.[0]).toBe("init window waived");
    const later = walkedPlan(
      [SALE],
      { freezes: [FREEZE] },
      { phase: "init", record: [{ ...memory("init"), spent: SPENT }] },
    );
    expect(later.steps?.slice(0, 2)).toEqual(["update_clients window fail", "update_servers"]);
    expect(later.messages?.[0]).toContain("covers standby → init and no other step");
    expect(later.notes?.[0]).toMatch(
      /: it is used up: it let host standby → init through, and covers no other step$/,
    );
  });

  it.each([
    ["reason", { reason: "agreed anew" }],
    ["expiry", { expires: ago(-61) }],
  ])("with another %s it is another waiver", (_, change) => {
    const record = [{ ...memory("init"), spent: SPENT }];
    const { steps } = walkedPlan([{ ...SALE, ...change }], { freezes: [FREEZE] }, { phase: "init", record });
    expect(steps?.[0]).toBe("update_clients window waived");
  });

  it.each([
    ["of another guard", { guard: "soak" }],
    ["that runs out now", { expires: ago(0) }],
  ])("a waiver %s lets nothing through", (_, change) => {
    expect(walkedPlan([{ ...SALE, ...change }], { freezes: [FREEZE] }).steps?.[0]).toBe("init window fail");
  });

  it.each([
    ["guard", { guard: "soak" }],
    ["subject", { subject: "authority/user" }],
  ] as const)("one of another %s, with the same reason until the same day, was another one", (_, change) => {
    const record = [{ ...memory("init"), spent: SPENT.map((spent) => ({ ...spent, ...change })) }];
    const { steps } = walkedPlan([SALE], { freezes: [FREEZE] }, { phase: "init", record });
    expect(steps?.[0]).toBe("update_clients window waived");
  });

  it.each([
    ["out of the same phase", { from: "init", to: "rollback" }],
    ["into the same phase", { from: "standby", to: "update_clients" }],
  ] as const)("a step %s is another step", (_, edge) => {
    const record = [{ ...memory("init"), spent: SPENT.map((spent) => ({ ...spent, ...edge })) }];
    const { steps } = walkedPlan([SALE], { freezes: [FREEZE] }, { phase: "init", record });
    expect(steps?.[0]).toBe("update_clients window fail");
  });
});
