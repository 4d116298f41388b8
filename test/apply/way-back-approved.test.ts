import { describe, expect, it } from "vitest";
import type { Waiver } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";

const SCRAPPED: Waiver = {
  guard: "roster",
  subject: "node/node2",
  reason: "node2 was scrapped",
  expires: "2100-01-01T00:00:00.000Z",
};
const FLAG = "--approve-final=acme.cluster/host-2026-11";

const commit = (phase: Phase, waive: readonly Waiver[] = []) =>
  desired([rotation(phase, { waive, contentHash: `content-${phase}-${waive.length}` })]);

/** In rollback, out of a phase in which the new key was used, with node2 gone. */
async function waitingInRollback(waive: readonly Waiver[] = []): Promise<World> {
  const world = new World();
  await world.apply(commit("init"));
  await world.apply(commit("update_clients"));
  world.cluster.ailments.set("node2", "gone");
  const { outcome } = await world.apply(commit("rollback", waive), { approve: "ordinary" });
  expect([outcome, phaseOf(world)]).toEqual(["rollback-unfinished", "rollback"]);
  return world;
}

const phaseOf = (world: World): Phase => world.cluster.authority().rotation.phase;

function change(world: World, part: Partial<RotationRecord>): void {
  const { record } = world.store;
  if (record === null) throw new Error("there is no record");
  world.store.record = { ...record, rotations: record.rotations.map((one) => ({ ...one, ...part })) };
}

describe("what is judged is what is done: the end of a rollback has an approval of its own", () => {
  it("a waived member: held without it, by name and with the command, and ended by it", async () => {
    const world = await waitingInRollback([SCRAPPED]);
    const plan = await world.plan(commit("rollback", [SCRAPPED]));
    expect(plan.outcome).toBe("blocked");
    const held = await world.apply(commit("rollback", [SCRAPPED]), { approve: "ordinary" });
    expect(held.events.at(-1)).toMatchObject({ message: expect.stringContaining("node/node2") });
    expect(held.events.at(-1)).toMatchObject({ message: expect.stringContaining(FLAG) });
    expect((await world.apply(commit("rollback", [SCRAPPED]))).outcome).toBe("applied");
    expect(phaseOf(world)).toBe("standby");
  });

  it("no roster: the approval ends it, and nothing needs a waiver", async () => {
    const world = await waitingInRollback();
    change(world, { roster: null });
    expect((await world.plan(commit("rollback"))).outcome).toBe("blocked");
    const held = await world.apply(commit("rollback"), { approve: "ordinary" });
    expect(held.outcome).toBe("rollback-unfinished");
    expect(held.events.at(-1)).toMatchObject({ message: expect.stringContaining("roster/host") });
    expect(held.events.at(-1)).toMatchObject({ message: expect.stringContaining(FLAG) });
    expect(phaseOf(world)).toBe("rollback");
    expect((await world.apply(commit("rollback"))).outcome).toBe("applied");
    expect(phaseOf(world)).toBe("standby");
  });

  it("who is missing and not waived is still waited for, whatever is approved", async () => {
    const world = await waitingInRollback();
    expect((await world.apply(commit("rollback"))).outcome).toBe("rollback-unfinished");
    expect(phaseOf(world)).toBe("rollback");
    world.cluster.ailments.delete("node2");
    expect((await world.apply(commit("rollback"), { approve: "ordinary" })).outcome).toBe("applied");
  });

  it("does not cover who was not named when it was given, and says who that is", async () => {
    const world = await waitingInRollback([SCRAPPED]);
    const { outcome, events } = await world.apply(commit("rollback", [SCRAPPED]), {
      onEvent: ({ type }) => {
        if (type === "plan") change(world, { roster: null });
      },
    });
    expect(outcome).toBe("rollback-unfinished");
    expect(events.at(-1)).toMatchObject({
      message: expect.stringContaining("was approved before roster/host was named"),
    });
    expect(phaseOf(world)).toBe("rollback");
  });

  it("what was approved as an ordinary step is not covered once it is a point of no return", async () => {
    const world = new World();
    await world.apply(commit("init"));
    world.cluster.ailments.set("node2", "gone");
    const { outcome, events } = await world.apply(commit("rollback", [SCRAPPED]), {
      // A later look shows that the new key was used after all.
      onEvent: ({ type }) => {
        if (type === "step-verified") change(world, { turned_back: null });
      },
    });
    const planned = events.flatMap((event) => (event.type === "plan" ? [event.plan] : []));
    const steps = planned[0]?.clusters[0]?.rotations[0]?.steps ?? [];
    expect(steps.map(({ to, point_of_no_return }) => [to, point_of_no_return])).toEqual([
      ["rollback", false],
      ["standby", false],
    ]);
    expect(outcome).toBe("rollback-unfinished");
    expect(events.at(-1)).toMatchObject({ message: expect.stringContaining(FLAG) });
    expect(phaseOf(world)).toBe("rollback");
  });
});
