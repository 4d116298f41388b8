import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { CLUSTER, rotation } from "../world/host-rotation.ts";
import { OTHER_CLUSTER, TwoClusters } from "../world/two-clusters.ts";

const onOther = (phase: Parameters<typeof rotation>[0]) => rotation(phase, { cluster: OTHER_CLUSTER });

describe("what is judged is what is done: several clusters in one run", () => {
  it("the second is judged by a look of its own, after the first has taken its time", async () => {
    const world = new TwoClusters();
    world.models[CLUSTER].lagMs = 20 * 60_000;
    const { outcome, events } = await world.apply([rotation("init"), onOther("init")]);
    expect(outcome).toBe("applied");
    const moved = world.calls.indexOf(`${OTHER_CLUSTER} to init`);
    const lookBefore = world.calls[moved - 1] ?? "";
    expect(lookBefore).toMatch(new RegExp(`^${OTHER_CLUSTER} look at \\+`));
    expect(Number(lookBefore.split("+")[1])).toBeGreaterThan(20 * 60_000);
    expect(events.filter(({ type }) => type === "cluster-finished")).toMatchObject([
      { cluster: CLUSTER, outcome: "applied" },
      { cluster: OTHER_CLUSTER, outcome: "applied" },
    ]);
  });

  it("the point of no return of the second is not taken when a node went meanwhile", async () => {
    const world = new TwoClusters();
    for (const phase of ["init", "update_clients", "update_servers"] as const) {
      expect((await world.apply([onOther(phase)])).outcome).toBe("applied");
    }
    world.models[CLUSTER].lagMs = 5 * 60_000;
    world.beforeTransition = (name) => {
      if (name === CLUSTER) world.models[OTHER_CLUSTER].ailments.set("node2", "gone");
    };
    const { outcome } = await world.apply([rotation("init"), onOther("standby")]);
    expect(outcome).toBe("blocked");
    expect(world.models[OTHER_CLUSTER].authority().rotation.phase).toBe("update_servers");
    expect(world.models[CLUSTER].authority().rotation.phase).toBe("init");
  });

  it("one that somebody else has locked ends by itself, and the other goes on", async () => {
    const world = new TwoClusters();
    const lock = world.store.lock.bind(world.store);
    world.store.lock = async (name) => {
      if (name === CLUSTER) throw new Failure("locked", "ada holds the lock", { hint: "wait for ada" });
      return await lock(name);
    };
    const { outcome, events } = await world.apply([rotation("init"), onOther("init")]);
    expect(outcome).toBe("locked");
    expect(world.models[CLUSTER].transitions).toEqual([]);
    expect(world.models[OTHER_CLUSTER].transitions).toEqual(["host standby-init"]);
    expect(events.find(({ type }) => type === "cluster-finished")).toMatchObject({
      cluster: CLUSTER,
      outcome: "locked",
      hint: "wait for ada",
    });
    expect(world.store.released).toBe(1);
  });

  it("one that cannot be read ends by itself, and the gravest outcome counts", async () => {
    const world = new TwoClusters();
    world.beforeLook = (name) => {
      if (name === CLUSTER) throw new Failure("executable", "connection refused");
    };
    const { outcome, events } = await world.apply([rotation("init"), onOther("init")]);
    expect(outcome).toBe("failed");
    expect(world.models[OTHER_CLUSTER].transitions).toEqual(["host standby-init"]);
    expect(events.at(-1)).toMatchObject({ type: "finished", outcome: "failed" });
    expect(world.store.released).toBe(2);
  });

  it("a transition that is refused on one does not stop the other", async () => {
    const world = new TwoClusters();
    world.models[CLUSTER].refuse = "access denied";
    const { outcome } = await world.apply([rotation("init"), onOther("init")]);
    expect(outcome).toBe("failed");
    expect(world.models[OTHER_CLUSTER].authority().rotation.phase).toBe("init");
  });
});
