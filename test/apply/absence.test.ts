import { describe, expect, it } from "vitest";
import type { Phase } from "../../src/rotation/phase.ts";
import { deletes, World } from "../world/apply.ts";
import { desired, OLD, rotation } from "../world/host-rotation.ts";
import { Killed } from "../world/model-cluster.ts";

const NEVER = new AbortController().signal;

/** Time passes, and everybody who can follow has followed. */
async function rest(world: World): Promise<void> {
  await world.clock.sleep(60_000, NEVER);
  await world.cluster.observe({ components: "all" });
}

/** In init, started and verified by capstan; then hands or clocks move it on, everybody follows, and node2 is stuck. */
async function movedByHand(...phases: readonly Phase[]): Promise<World> {
  const world = new World();
  await world.apply(desired([rotation("init")]));
  for (const phase of phases) {
    world.cluster.move(phase);
    await rest(world);
  }
  return world;
}

function phaseOf(world: World): Phase {
  return world.cluster.authority().rotation.phase;
}

describe("absence is no evidence: a new key that the record does not know to be in use", () => {
  it("control: capstan took update_clients itself, and rollback is not left without the stuck node", async () => {
    const world = new World();
    await world.apply(desired([rotation("init")]));
    await world.apply(desired([rotation("update_clients")]));
    await rest(world);
    world.cluster.ailments.set("node2", "stuck");
    const { outcome } = await world.apply(desired([rotation("rollback")]));
    expect(outcome).not.toBe("applied");
    expect(phaseOf(world)).toBe("rollback");
  });

  it("a hand took update_clients and update_servers, and git says rollback", async () => {
    const world = await movedByHand("update_clients", "update_servers");
    world.cluster.ailments.set("node2", "stuck");
    expect((await world.apply(desired([rotation("rollback")]))).outcome).not.toBe("applied");
    expect(phaseOf(world)).toBe("rollback");
  });

  it("a hand took update_clients, and no resource declares the rotation any more", async () => {
    const world = await movedByHand("update_clients");
    world.cluster.ailments.set("node2", "gone");
    world.history = deletes("host", OLD);
    expect((await world.apply(desired([]))).outcome).not.toBe("applied");
    expect(phaseOf(world)).toBe("rollback");
  });

  it("a hand took update_clients and rollback too: the record has seen neither", async () => {
    const world = await movedByHand("update_clients");
    world.cluster.ailments.set("node2", "stuck");
    world.cluster.move("rollback");
    await rest(world);
    expect((await world.apply(desired([rotation("rollback")]))).outcome).not.toBe("applied");
    expect(phaseOf(world)).toBe("rollback");
  });

  it("a hand took update_clients, and a read that is a moment old still shows init", async () => {
    const world = await movedByHand();
    world.cluster.callsUntilKilled = 3;
    await expect(world.apply(desired([rotation("update_clients")]))).rejects.toThrow(Killed);
    world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
    world.cluster.ailments.set("node2", "stuck");
    world.cluster.staleReadMs = 5_000;
    expect((await world.apply(desired([rotation("rollback")]))).outcome).not.toBe("applied");
    expect(phaseOf(world)).not.toBe("standby");
  });

  it("a hand took update_clients a moment ago, reads still show init, and somebody has followed already", async () => {
    const world = await movedByHand();
    world.cluster.staleReadMs = 9_000;
    world.cluster.lagMs = 1_000;
    world.cluster.move("update_clients");
    await world.clock.sleep(2_000, NEVER);
    await world.cluster.observe({ components: "all" });
    world.cluster.ailments.set("node2", "stuck");
    expect((await world.apply(desired([rotation("rollback")]))).outcome).not.toBe("applied");
    expect(phaseOf(world)).toBe("rollback");
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
    "a run was killed after %i calls of update_clients, and then the mind was changed",
    async (calls) => {
      const world = await movedByHand();
      world.cluster.callsUntilKilled = calls;
      await world.apply(desired([rotation("update_clients")])).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
      await rest(world);
      world.cluster.ailments.set("node2", "stuck");
      // After one call the request was noted and had not gone out, which the record cannot tell from the others.
      expect((await world.apply(desired([rotation("rollback")]))).outcome).not.toBe("applied");
      expect(phaseOf(world)).toBe("rollback");
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "the rollback out of init was killed after %i calls, and a hand went on meanwhile",
    async (calls) => {
      const world = await movedByHand();
      world.cluster.callsUntilKilled = calls;
      await world.apply(desired([rotation("rollback")])).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
      if (phaseOf(world) !== "init") return;
      world.cluster.move("update_clients");
      await rest(world);
      world.cluster.ailments.set("node2", "stuck");
      world.cluster.move("rollback");
      await rest(world);
      expect((await world.apply(desired([rotation("rollback")]))).outcome).not.toBe("applied");
      expect(phaseOf(world)).toBe("rollback");
    },
  );

  it("capstan asked for the rollback out of an init that it saw: nobody is waited for", async () => {
    const world = await movedByHand();
    world.cluster.ailments.set("node2", "gone");
    expect((await world.apply(desired([rotation("rollback")]))).outcome).toBe("applied");
    expect(phaseOf(world)).toBe("standby");
  });
});

describe("the roster", () => {
  it("is taken before init: who vanishes while init is waited for is missed", async () => {
    const world = new World();
    const { outcome, events } = await world.apply(desired([rotation("init")], { onFailure: "halt" }), {
      onEvent: ({ type }) => {
        if (type === "transition-requested") world.cluster.ailments.set("node2", "gone");
      },
    });
    expect(outcome).toBe("blocked");
    expect(events.at(-1)).toMatchObject({ message: expect.stringContaining("node/node2") });
    expect(phaseOf(world)).toBe("init");
  });

  it("takes in who joined later, and misses it from then on", async () => {
    const world = new World();
    world.cluster.ailments.set("node3", "gone");
    await world.apply(desired([rotation("init")]), {
      onEvent: ({ type }) => {
        if (type === "transition-observed") world.cluster.ailments.delete("node3");
      },
    });
    world.cluster.ailments.set("node3", "gone");
    const { outcome } = await world.apply(desired([rotation("update_clients")]));
    expect(outcome).toBe("blocked");
    expect(phaseOf(world)).toBe("init");
  });

  it("is not made of who is left when there is no record", async () => {
    const world = await movedByHand("update_clients");
    world.store.record = null;
    world.cluster.ailments.set("node2", "gone");
    await world.apply(desired([rotation("rollback")]), { approve: "ordinary" });
    expect(phaseOf(world)).toBe("rollback");
    expect(world.store.record).toMatchObject({ rotations: [{ roster: null }] });
    const again = await world.apply(desired([rotation("rollback")]), { approve: "ordinary" });
    expect(again.outcome).toBe("rollback-unfinished");
    expect(phaseOf(world)).toBe("rollback");
  });
});
