import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";

/** A run of `update_clients` in which a signal comes right before the call of this number, as SIGINT would. */
async function signalledAt(call: number) {
  const world = new World();
  await world.apply(desired([rotation("init")]));
  const stop = new AbortController();
  let calls = 0;
  const count = () => {
    calls += 1;
    if (calls === call) stop.abort();
  };
  const { cluster } = world;
  world.platform = {
    // As the real one: a signal ends every look but those that read back what went out.
    observe: async (scope) => {
      count();
      if (stop.signal.aborted && scope.evenWhenStopping !== true) {
        throw new Failure("interrupted", "tctl was ended: the run is to stop");
      }
      return await cluster.observe(scope);
    },
    transition: async (request) => {
      count();
      return await cluster.transition(request);
    },
  };
  const { outcome, events } = await world.apply(desired([rotation("update_clients")]), {
    signal: stop.signal,
  });
  return { world, outcome, events, calls };
}

describe("what is said is what was observed: a signal at any moment of a step", () => {
  it.each(Array.from({ length: 16 }, (_, index) => index + 1))("before call %i", async (call) => {
    const { world, outcome, events } = await signalledAt(call);
    const live = world.cluster.authority().rotation.phase;
    expect(outcome).toBe("interrupted");
    const memory = world.store.record?.rotations[0];
    expect(memory?.phases.at(-1)?.phase).toBe(live);
    const said = events.find(({ type }) => type === "interrupted");
    if (said !== undefined)
      expect(said).toMatchObject({ message: expect.stringContaining(`host is in ${live}`) });
    const noted = world.store.journal.filter(({ what }) => what === "interrupted");
    for (const { detail } of noted) expect(detail).toBe(`seen in ${live}`);
    // The next run goes on, and asks for nothing twice.
    world.platform = world.cluster;
    expect((await world.apply(desired([rotation("update_clients")]))).outcome).toBe("applied");
    expect(world.cluster.transitions).toEqual(["host standby-init", "host init-update_clients"]);
  });
});
