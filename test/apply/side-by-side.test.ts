import { describe, expect, it } from "vitest";
import { sideBySide } from "../../src/apply/side-by-side.ts";
import { CLUSTER, rotation } from "../world/host-rotation.ts";
import { OTHER_CLUSTER, TwoClusters } from "../world/two-clusters.ts";

const both = (phase: Parameters<typeof rotation>[0]) => [
  rotation(phase),
  rotation(phase, { cluster: OTHER_CLUSTER }),
];

describe("clusters are walked side by side", () => {
  it("one that hangs does not keep the other waiting", async () => {
    const world = new TwoClusters();
    const hanging = Promise.withResolvers<void>();
    world.beforeTransition = async (name) => {
      if (name === CLUSTER) await hanging.promise;
    };
    const ended: string[] = [];
    const { outcome } = await world.apply(both("init"), true, {
      parallel: 2,
      onEvent(event) {
        if (event.type !== "cluster-finished") return;
        ended.push(`${event.cluster} ${event.outcome}`);
        hanging.resolve();
      },
    });
    expect(ended).toEqual([`${OTHER_CLUSTER} applied`, `${CLUSTER} applied`]);
    expect(outcome).toBe("applied");
    expect(world.store.released).toBe(2);
  });

  it("one that goes back does not stop the other, and is what the run is judged by", async () => {
    const world = new TwoClusters();
    expect((await world.apply(both("init"), true, { parallel: 2 })).outcome).toBe("applied");
    world.models[CLUSTER].ailments.set("node2", "stuck");
    const { outcome, events } = await world.apply(both("update_clients"), true, {
      parallel: 2,
      onEvent: ({ type }) => type === "rollback-started" && world.models[CLUSTER].ailments.clear(),
    });
    expect(outcome).toBe("rolled-back");
    expect(world.models[CLUSTER].authority().rotation.phase).toBe("standby");
    expect(world.models[OTHER_CLUSTER].authority().rotation.phase).toBe("update_clients");
    expect(events.at(-1)).toMatchObject({ message: `${OTHER_CLUSTER} applied, ${CLUSTER} rolled-back` });
  });

  it("a person who watches turns one back, and the other goes on", async () => {
    const world = new TwoClusters();
    await world.apply(both("init"), true, { parallel: 2 });
    for (const { ailments } of Object.values(world.models)) ailments.set("node2", "stuck");
    const back = new AbortController();
    const { outcome } = await world.apply(both("update_clients"), true, {
      parallel: 2,
      turnBack: { [CLUSTER]: back.signal },
      onEvent(event) {
        if (event.type === "waiting" && event.cluster === CLUSTER) back.abort();
        if (event.type !== "rollback-started") return;
        for (const { ailments } of Object.values(world.models)) ailments.clear();
      },
    });
    expect(outcome).toBe("rolled-back");
    expect(world.models[CLUSTER].authority().rotation.phase).toBe("standby");
    expect(world.models[OTHER_CLUSTER].authority().rotation.phase).toBe("update_clients");
  });

  it("every line of the run but the plan and the end says its cluster", async () => {
    const world = new TwoClusters();
    const { events } = await world.apply(both("init"), true, { parallel: 2 });
    const without = events.filter((event) => !("cluster" in event)).map(({ type }) => type);
    expect(without).toEqual(["plan", "finished"]);
  });

  it("a stop ends all of them at a safe point, begins no other, and gives all locks back", async () => {
    const world = new TwoClusters();
    const stop = new AbortController();
    const { outcome } = await world.apply(both("init"), true, {
      parallel: 1,
      signal: stop.signal,
      onEvent: ({ type }) => type === "transition-requested" && stop.abort(),
    });
    expect(outcome).toBe("interrupted");
    expect(world.models[CLUSTER].transitions).toHaveLength(1);
    expect(world.models[OTHER_CLUSTER].transitions).toEqual([]);
    expect(world.store.released).toBe(2);
  });
});

describe("so many at a time", () => {
  it("and no more; the next begins when one has ended", async () => {
    const running = new Set<number>();
    const most: number[] = [];
    await sideBySide([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running.add(item);
      most.push(running.size);
      await Promise.resolve();
      running.delete(item);
    });
    expect(Math.max(...most)).toBe(3);
    expect(most).toHaveLength(7);
  });

  it("an error is thrown when all the others have ended", async () => {
    const done: number[] = [];
    const all = sideBySide([1, 2, 3], 2, async (item) => {
      if (item === 1) throw new Error("no");
      await Promise.resolve();
      done.push(item);
    });
    await expect(all).rejects.toThrow("no");
    expect(done).toEqual([2, 3]);
  });
});
