import { describe, expect, it } from "vitest";
import { Sightings } from "../../src/apply/sightings.ts";
import { World } from "../world/apply.ts";
import { desired, observation, rotation } from "../world/host-rotation.ts";
import { ModelClock } from "../world/model-cluster.ts";

const NEVER = new AbortController().signal;
const WALK = ["init", "update_clients", "update_servers"] as const;

async function walked(): Promise<World> {
  const world = new World();
  for (const phase of WALK) await world.apply(desired([rotation(phase)]));
  await world.clock.sleep(60_000, NEVER);
  await world.cluster.observe({ components: "all" });
  return world;
}

describe("what is judged is what is done: standby means two things", () => {
  it("a rollback by hand within the time of a stale read is not ended in place of the rotation", async () => {
    const world = await walked();
    world.cluster.move("rollback");
    const { outcome, events } = await world.apply(desired([rotation("standby")]));
    expect(outcome).not.toBe("applied");
    expect(world.cluster.authority().rotation.phase).toBe("rollback");
    expect(JSON.stringify(events)).toContain(
      "somebody moved host of acme.cluster meanwhile: it was in update_servers, and is in rollback",
    );
  });

  it("the two looks are as far apart as git says", async () => {
    const world = await walked();
    const before = world.clock.monotonic();
    world.cluster.lagMs = 0;
    await world.apply(desired([rotation("standby")], { staleReadMs: 90_000 }));
    expect(world.clock.monotonic() - before).toBeGreaterThanOrEqual(90_000);
    expect(world.cluster.authority().rotation.phase).toBe("standby");
  });

  it("another phase, or another id, begins anew", () => {
    const clock = new ModelClock();
    const sightings = new Sightings(clock);
    sightings.note(observation("update_servers"));
    clock.pass(10_000);
    sightings.note(observation("update_servers"));
    expect(sightings.steadyMs("host")).toBe(10_000);
    sightings.note(observation("rollback"));
    expect(sightings.steadyMs("host")).toBe(0);
    expect(sightings.steadyMs("user")).toBe(0);
  });
});
