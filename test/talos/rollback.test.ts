import { describe, expect, it } from "vitest";
import { type NodeState, outcomeOf } from "../sandbox/talos/harness.ts";
import { deletes } from "../world/apply.ts";
import { Killed, TalosWorld } from "./world.ts";

const TYPES = ["talos", "kubernetes"] as const;
const STARTS = ["init", "update_clients", "half of update_servers", "update_servers"] as const;

async function bringTo(world: TalosWorld, start: (typeof STARTS)[number]): Promise<void> {
  if (start !== "half of update_servers") {
    await world.walk(start);
    return;
  }
  await world.walk("update_clients");
  // Both control planes, of which the first is tried first; the worker is left.
  world.appliesUntilKilled = 3;
  await expect(world.walk("update_servers")).rejects.toThrow(Killed);
  world.appliesUntilKilled = Number.POSITIVE_INFINITY;
}

describe.each(TYPES)("a rollback of the %s CA", (type: NodeState["kind"]) => {
  it.each(STARTS)("from %s ends with exactly the old one", async (start) => {
    const world = await TalosWorld.start(type, {
      talos: type === "talos" ? "1.13" : "1.14",
      controlPlanes: 2,
      workers: 1,
    });
    const first = world.test.running.machines.map(({ store }) => store.active);
    await bringTo(world, start);
    await world.walk("rollback");
    expect(world.states()).toEqual(["O", "O", "O"]);
    // Byte by byte what it was before.
    expect(world.test.running.machines.map(({ store }) => store.active)).toEqual(first);
    const [rotation] = (await world.store.load(world.resource.name)).rotations;
    expect(rotation?.state).toBe("rolled_back");
    const plan = await world.plan(world.desired("rollback"));
    expect(plan.outcome).toBe("no_changes");
    const status = await world.test.ask(world.test.endpoint, "version");
    expect(outcomeOf(status), "the administrator of before").toBe("ok");
    expect(await world.leftBehind()).toEqual([]);
  });

  it("is killed after every single apply, and run again", async () => {
    const world = await TalosWorld.start(type, { controlPlanes: 1, workers: 1 });
    await world.walk("update_servers");
    let kills = 0;
    for (;;) {
      world.appliesUntilKilled = 1;
      try {
        await world.walk("rollback");
        break;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        kills += 1;
      }
    }
    // The swap back is tried first, too; then both drop the new CA.
    expect(kills).toBe(5);
    expect(world.states()).toEqual(["O", "O"]);
  });

  it("when a commit took the rotation out of git", async () => {
    const world = await TalosWorld.start(type, { controlPlanes: 1, workers: 1 });
    await world.walk("update_servers");
    const [retired = expect.unreachable()] = world.rotation.authorities[0]?.retire ?? [];
    const { outcome } = await world.apply(
      { ...world.desired("init"), rotations: [] },
      deletes(type, retired),
    );
    expect(outcome).toBe("applied");
    expect(world.states()).toEqual(["O", "O"]);
  });
});
