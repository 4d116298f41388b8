import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";

const QUARTER_MS = 15 * 60_000;

/** A run whose wait is disturbed once, in its second sleep. */
async function disturbed(disturb: (world: World) => void, { stuck = false } = {}) {
  const world = new World();
  world.cluster.lagMs = 60_000;
  if (stuck) world.cluster.ailments.set("node2", "stuck");
  let waits = false;
  world.clock.whileAsleep = () => {
    if (!waits) return;
    waits = false;
    disturb(world);
  };
  const { outcome, events } = await world.apply(desired([rotation("init")]), {
    onEvent: ({ type }) => {
      if (type === "waiting" && !done) waits = done = true;
    },
  });
  return { world, outcome, events };
}
let done = false;

describe("waits end by the monotonic clock, and in looks", () => {
  it("a step of the wall clock during a wait neither ends it nor turns the rotation back", async () => {
    done = false;
    const { outcome, world } = await disturbed(({ clock }) => clock.set(QUARTER_MS));
    expect(done).toBe(true);
    expect(outcome).toBe("applied");
    expect(world.cluster.transitions).toEqual(["host standby-init"]);
  });

  it("a wall clock that goes back makes no wait longer", async () => {
    done = false;
    const { world, outcome } = await disturbed(({ clock }) => clock.set(-QUARTER_MS), { stuck: true });
    expect(outcome).toBe("rolled-back");
    expect(world.clock.monotonic()).toBeLessThan(25 * 60_000);
  });

  it("a deadline that passed while the process stood still gives looks after it, one of which may be lost", async () => {
    done = false;
    const { outcome, world } = await disturbed(({ clock, cluster }) => {
      clock.pass(QUARTER_MS);
      const observe = cluster.observe.bind(cluster);
      // The network comes back a moment after the machine.
      cluster.observe = async () => {
        cluster.observe = observe;
        throw new Failure("executable", "no route to host");
      };
    });
    expect(outcome).toBe("applied");
    expect(world.cluster.transitions).toEqual(["host standby-init"]);
  });
});
