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

describe("what is said is what was observed: a request that never went out", () => {
  /** In init, where node2 hangs. */
  async function hangingInInit(): Promise<World> {
    const world = new World();
    await world.apply(desired([rotation("init")]));
    world.cluster.ailments.set("node2", "stuck");
    return world;
  }

  /** A signal at the start of the step into `update_clients`. */
  async function stop(world: World): Promise<void> {
    const signal = new AbortController();
    const { outcome } = await world.apply(desired([rotation("update_clients")]), {
      signal: signal.signal,
      onEvent: ({ type }) => {
        if (type === "step-started") signal.abort();
      },
    });
    expect(outcome).toBe("interrupted");
    expect(world.cluster.transitions).toEqual(["host standby-init"]);
  }

  it("is not noted as one, and a rollback out of init waits for nobody", async () => {
    const world = await hangingInInit();
    const before = world.store.record?.rotations[0];
    await stop(world);
    expect(world.store.record?.rotations[0]).toEqual(before);
    expect((await world.apply(desired([rotation("rollback")]))).outcome).toBe("applied");
    expect(world.cluster.authority().rotation.state).toBe("standby");
  });

  it("leaves one that a run before made as unknown as it was", async () => {
    const world = await hangingInInit();
    const { record } = world.store;
    const [begun] = record?.rotations ?? [];
    if (record === null || begun === undefined) throw new Error("init was not recorded");
    const requested = {
      to: "update_clients",
      at: new Date(world.clock.now() - 60_000).toISOString(),
    } as const;
    world.store.record = { ...record, rotations: [{ ...begun, requested }] };
    await stop(world);
    expect(world.store.record?.rotations[0]?.requested).toEqual(requested);
    expect((await world.apply(desired([rotation("rollback")]))).outcome).toBe("rollback-unfinished");
  });

  it("of the first step of all leaves a rotation that the next run begins", async () => {
    const world = new World();
    const signal = new AbortController();
    const stopped = await world.apply(desired([rotation("init")]), {
      signal: signal.signal,
      onEvent: ({ type }) => {
        if (type === "step-started") signal.abort();
      },
    });
    expect(stopped.outcome).toBe("interrupted");
    expect(world.store.record?.rotations.map(({ requested }) => requested)).toEqual([null]);
    await world.clock.sleep(60_000, new AbortController().signal);
    expect((await world.apply(desired([rotation("init")]))).outcome).toBe("applied");
    expect(world.cluster.transitions).toEqual(["host standby-init"]);
  });
});
