import { describe, expect, it } from "vitest";
import { isInShard } from "../../src/fleet/shard.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import type { Wave } from "../../src/resources/model/desired.ts";
import { Repositories } from "../record/repositories.ts";
import { ModelFleet } from "../world/model-fleet.ts";

const WAVES: readonly Wave[] = [
  { name: "canary", selector: { ring: "canary" }, pauseMs: null, maxInProgress: null },
  { name: "rest", selector: {}, pauseMs: null, maxInProgress: 1 },
];
const LABELS = { c1: { ring: "canary" }, r1: {}, r2: {}, r3: {}, r4: {} };
const MACHINES = 3;
const CANARY = "c1";

describe("three shards on three clones at once, the record in refs of one remote", () => {
  it("the order of waves holds, nobody is locked out, no place is one too many, every cluster is done once", async () => {
    const repositories = await Repositories.make();
    try {
      const world = new ModelFleet({ waves: WAVES, labels: LABELS });
      const busy = [0, 1, 2].filter((index) =>
        Object.keys(LABELS).some((name) => isInShard(name, { index, of: MACHINES })),
      );
      expect(busy.length).toBeGreaterThan(1);
      let most = 0;
      world.afterMove = () => {
        const going = Object.entries(world.phases()).filter(
          ([name, phase]) => name !== CANARY && phase !== "standby",
        );
        most = Math.max(most, going.length);
      };
      const machines = await Promise.all(
        busy.map(async (index) => {
          const folder = await repositories.clone();
          return { folder, shard: { index, of: MACHINES } };
        }),
      );
      // In the first round the machine of the canary is late: nobody may be ahead of it.
      const early = machines.filter(({ shard }) => !isInShard(CANARY, shard));
      const outcomes: string[] = [];
      for (let round = 0; round < 12 && world.finished().length < 5; round += 1) {
        const ran = await Promise.all(
          (round === 0 ? early : machines).map(({ folder, shard }) => {
            // As a new process has it.
            const store = refsStore({ folder, env: process.env, clock: () => Date.now() });
            return world.run({ shard, store, parallel: 3 });
          }),
        );
        outcomes.push(...ran.map(({ outcome }) => outcome));
        world.clock.pass(60_000);
      }
      expect(world.finished().toSorted()).toEqual(["c1", "r1", "r2", "r3", "r4"]);
      expect(world.moves).toHaveLength(5 * 4);
      expect(new Set(world.moves).size).toBe(world.moves.length);
      expect(
        outcomes.filter((outcome) => !["applied", "blocked", "nothing-to-do"].includes(outcome)),
      ).toEqual([]);
      expect(most).toBe(1);
      for (const [index, move] of world.moves.entries()) {
        const [name, edge] = move.split(" ");
        if (name !== CANARY) expect(world.moves.slice(0, index)).toContain(`${CANARY} ${edge}`);
      }
      const [first] = machines;
      const store = refsStore({ folder: first?.folder ?? "", env: process.env, clock: () => Date.now() });
      expect((await store.places("host-2026-11")).places).toEqual([]);
      expect(await store.locks()).toEqual([]);
    } finally {
      await repositories.remove();
    }
  });
});
