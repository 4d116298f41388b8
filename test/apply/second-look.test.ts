import { describe, expect, it } from "vitest";
import { NOTHING_APPROVED } from "../../src/apply/approval.ts";
import { lookAt } from "../../src/apply/fresh-look.ts";
import { WatchedRows } from "../../src/apply/row-watch.ts";
import { behindRecordMs, Sightings } from "../../src/apply/sightings.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import { World } from "../world/apply.ts";
import {
  ago,
  CLUSTER,
  cluster,
  desired,
  memory,
  NOW,
  observation,
  rotation,
} from "../world/host-rotation.ts";
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

describe("what is judged is what is done: a look is acted on once", () => {
  it("is used up by what acts on it, and a second time is a bug that ends the run", async () => {
    const world = new World();
    const { clock, store, platform } = world;
    const look = await lookAt({
      desired: desired([]),
      parallel: 1,
      commit: null,
      platforms: new Map([[CLUSTER, platform]]),
      store,
      clock,
      signal: NEVER,
      turnBackOf: () => NEVER,
      turnBack: NEVER,
      emit: () => {},
      approve: async () => null,
      holder: { who: "test", why: "test" },
      cluster: cluster(),
      platform,
      lock: await store.lock(CLUSTER),
      sightings: new Sightings(clock),
      rows: new WatchedRows(clock),
      approval: NOTHING_APPROVED,
    });
    expect(look.isFresh(world)).toBe(true);
    look.use();
    expect(look.isFresh(world)).toBe(false);
    expect(() => look.use()).toThrow("a look at acme.cluster was acted on twice");
  });
});

describe("what is said is what was observed: a cache that is behind the one that answered before", () => {
  const DONE = { ended_at: ago(0), state: "rolled_back" } as const;

  /** After each transition one look in two shows what was there before it, as long as reads may be stale. */
  function twoCaches(world: World): Platform {
    const { cluster, clock } = world;
    let looks = 0;
    let before = cluster.authority();
    let movedAt = Number.NEGATIVE_INFINITY;
    cluster.staleReadMs = 0;
    return {
      async transition(request) {
        before = cluster.authority();
        movedAt = clock.monotonic();
        return await cluster.transition(request);
      },
      async observe(scope) {
        looks += 1;
        const seen = await cluster.observe(scope);
        const isBehind = looks % 2 === 0 && clock.monotonic() - movedAt < 11_000;
        return isBehind ? { ...seen, authorities: [before] } : seen;
      },
    };
  }

  it("a rollback that was seen at its end is not called unfinished", async () => {
    for (const early of [0, 1]) {
      const world = new World();
      world.platform = twoCaches(world);
      await world.apply(desired([rotation("init")]));
      for (let look = 0; look < early; look += 1) await world.platform.observe({ components: "all" });
      world.cluster.lagMs = 0;
      expect((await world.apply(desired([rotation("rollback")]))).outcome, `${early}`).toBe("applied");
      expect(world.cluster.authority().rotation.phase).toBe("standby");
      expect(world.store.record?.rotations[0]?.state).toBe("rolled_back");
      // The next run begins with the cache that is behind.
      await world.platform.observe({ components: "all" });
      expect((await world.apply(desired([rotation("rollback")]))).outcome, `${early}`).toBe("nothing-to-do");
    }
  });

  it("a phase that was left is no phase of now while reads may be stale, and is believed after that", () => {
    const clock = new ModelClock();
    const sightings = new Sightings(clock);
    const [before, after] = [observation("update_clients"), observation("update_servers")];
    sightings.note(before);
    expect(sightings.behindMs(before, 12_000)).toBe(0);
    sightings.note(after);
    clock.pass(5_000);
    expect(sightings.behindMs(before, 12_000)).toBe(7_000);
    expect(sightings.behindMs(after, 12_000)).toBe(0);
    clock.pass(7_000);
    expect(sightings.behindMs(before, 12_000)).toBe(0);
  });

  it.each([
    ["a phase before the last", memory("update_clients"), "init", ago(40), 9_000],
    ["the last phase", memory("update_clients"), "update_clients", ago(40), 0],
    ["in progress, after its end", memory("rollback", DONE), "rollback", ago(0), 9_000],
    [
      "an answer to a request",
      memory("init", { requested: { to: "rollback", at: ago(0) } }),
      "init",
      ago(0),
      9_000,
    ],
    ["what was asked for", memory("init", { requested: { to: "init", at: ago(0) } }), "init", ago(0), 0],
  ] as const)("the record tells it to a new run: %s", (_, rotation, shown, since, behind) => {
    const now = Date.parse(since === ago(0) ? since : ago(45)) + 3_000;
    const record = { format_version: "1.0", cluster: "acme.cluster", rotations: [rotation] } as const;
    expect(behindRecordMs(record, observation(shown), now, 12_000)).toBe(behind);
    expect(behindRecordMs(record, observation(shown), now + 3_600_000, 12_000)).toBe(0);
    expect(behindRecordMs(record, observation(shown), NOW - 7_200_000, 12_000)).toBe(
      behind === 0 ? 0 : 12_000,
    );
  });
});
