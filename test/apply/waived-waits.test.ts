import { describe, expect, it } from "vitest";
import type { Waiver } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";

const GONE: Waiver = {
  guard: "roster",
  subject: "node/node2",
  reason: "node2 was scrapped",
  expires: "2100-01-01T00:00:00.000Z",
};

const commit = (phase: Phase, waive: readonly Waiver[] = []) =>
  desired([rotation(phase, { waive, contentHash: `content-${phase}-${waive.length}` })]);

async function at(phase: "init" | "update_clients"): Promise<World> {
  const world = new World();
  await world.apply(commit("init"));
  if (phase === "update_clients") await world.apply(commit("update_clients"));
  return world;
}

describe("waits are for whom the guards want", () => {
  it("a scrapped machine that is waived holds no step of a whole rotation, and every wait says so", async () => {
    const world = await at("init");
    world.cluster.ailments.set("node2", "gone");
    for (const phase of ["update_clients", "update_servers", "standby"] as const) {
      const { outcome, events } = await world.apply(commit(phase, [GONE]));
      expect(outcome, phase).toBe("applied");
      const waits = events.filter(({ type }) => type === "waiting");
      expect(waits.at(-1)).toMatchObject({ laggards: [], waived: ["node/node2"] });
    }
    expect(world.store.record?.rotations[0]?.state).toBe("finished");
  });

  it("without the waiver the same machine turns the rotation back, and the rollback is not called finished", async () => {
    const world = await at("init");
    world.cluster.ailments.set("node2", "gone");
    const plain = await world.apply(commit("update_clients"));
    expect(plain.outcome).toBe("blocked");
    expect(world.cluster.authority().rotation.phase).toBe("init");
    world.cluster.ailments.delete("node2");
    world.cluster.ailments.set("node2", "stuck");
    const { outcome, events } = await world.apply(commit("update_clients"));
    expect(outcome).toBe("rollback-unfinished");
    expect(events.at(-1)).toMatchObject({ message: expect.stringContaining("node/node2") });
    expect(events.at(-1)).toMatchObject({ message: expect.stringContaining("--approve-final") });
  });

  it("a waiver that is over counts for nothing", async () => {
    const world = await at("init");
    world.cluster.ailments.set("node2", "gone");
    const over = { ...GONE, expires: "2026-11-21T00:00:00.000Z" };
    expect((await world.apply(commit("update_clients", [over]))).outcome).toBe("blocked");
  });

  it("both ways back end by the same rule: a waiver, and an approval of its own", async () => {
    const askedForInGit = async () => {
      const world = await at("update_clients");
      world.cluster.ailments.set("node2", "gone");
      expect((await world.apply(commit("rollback"))).outcome).toBe("rollback-unfinished");
      return world;
    };
    const turnedBack = async () => {
      const world = await at("init");
      world.cluster.ailments.set("node2", "stuck");
      expect((await world.apply(commit("update_clients"))).outcome).toBe("rollback-unfinished");
      world.cluster.ailments.set("node2", "gone");
      return world;
    };
    for (const world of [await askedForInGit(), await turnedBack()]) {
      const rollback = commit("rollback", [GONE]);
      expect(world.cluster.authority().rotation.phase).toBe("rollback");
      expect((await world.apply(rollback, { approve: "ordinary" })).outcome).toBe("rollback-unfinished");
      expect(world.cluster.authority().rotation.phase).toBe("rollback");
      expect((await world.apply(rollback)).outcome).toBe("applied");
      expect(world.cluster.authority().rotation.state).toBe("standby");
    }
  });
});
