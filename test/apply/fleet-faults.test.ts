import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { Wave } from "../../src/resources/model/desired.ts";
import { ModelFleet } from "../world/model-fleet.ts";
import { seededNumbers } from "../world/seeded-numbers.ts";

/** 50 and many seeds in `npm run soak`. */
const CLUSTERS = Number(process.env["CAPSTAN_TEST_CLUSTERS"] ?? 12);
const SEEDS = Number(process.env["CAPSTAN_TEST_SEEDS"] ?? 2);
const WAVES: readonly Wave[] = [
  { name: "canary", selector: { ring: "canary" }, pauseMs: null, maxInProgress: null },
  { name: "rest", selector: {}, pauseMs: 3_600_000, maxInProgress: 5 },
];

type Fault =
  | "none"
  | "error after success"
  | "refused once"
  | "slow"
  | "unreachable at times"
  | "dead"
  | "stuck";
const FAULTS: readonly Fault[] = [
  "none",
  "none",
  "error after success",
  "refused once",
  "slow",
  "unreachable at times",
  "dead",
  "stuck",
];
/** What no run can end by itself. */
const HOLDS: readonly Fault[] = ["dead", "stuck"];

function afflict(world: ModelFleet, faults: ReadonlyMap<string, Fault>, chance: () => number): void {
  for (const [name, fault] of faults) {
    const model = world.models.get(name);
    if (model === undefined) continue;
    if (fault === "error after success") model.failAfterSuccess = true;
    if (fault === "refused once") model.refuse = "access denied";
    if (fault === "slow") model.lagMs = 10 * 60_000;
    if (fault === "stuck") model.ailments.set("node2", "stuck");
  }
  world.beforeLook = (name) => {
    const fault = faults.get(name);
    if (fault === "dead") throw new Failure("executable", "connection refused");
    if (fault === "unreachable at times" && chance() < 0.1) throw new Failure("executable", "timed out");
  };
}

async function rounds(world: ModelFleet, count: number) {
  for (let round = 0; round < count; round += 1) {
    await world.run({ parallel: 10 });
    world.clock.pass(2 * 3_600_000);
  }
}

describe("a fleet with faults, walked round after round with nobody there", () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    "all are finished but those that a fault holds, which are named (seed %i)",
    async (seed) => {
      const chance = seededNumbers(seed);
      const names = Array.from({ length: CLUSTERS }, (_, index) => `n${String(index).padStart(2, "0")}`);
      const labels = Object.fromEntries(
        names.map((name, index) => [name, index < 2 ? { ring: "canary" } : {}]),
      );
      const world = new ModelFleet({ waves: WAVES, labels });
      const faults = new Map(
        names.map((name, index) => [
          name,
          // Canaries are well in this story: the next one is about those that are not.
          index < 2 ? "none" : (FAULTS[Math.floor(chance() * FAULTS.length)] ?? "none"),
        ]),
      );
      let calm = false;
      afflict(world, faults, () => (calm ? 1 : chance()));
      await rounds(world, CLUSTERS + 12);
      const held = names.filter((name) => HOLDS.includes(faults.get(name) ?? "none"));
      expect(world.finished().toSorted()).toEqual(names.filter((name) => !held.includes(name)));
      // Who cannot be reached at times is no matter of the last look.
      calm = true;
      const { events } = await world.run({ parallel: 10 });
      const named = events.flatMap((event) =>
        event.type === "cluster-finished" && event.outcome !== "nothing-to-do" ? [event.cluster] : [],
      );
      expect(named.toSorted()).toEqual(held);
    },
  );

  it("a canary that fails stops what is behind it, and nothing there moved", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `n${index}`);
    const labels = Object.fromEntries(
      names.map((name, index) => [name, index < 2 ? { ring: "canary" } : {}]),
    );
    const world = new ModelFleet({ waves: WAVES, labels });
    afflict(world, new Map([["n1", "stuck"]]), () => 1);
    await rounds(world, 6);
    expect(world.moves.filter((move) => !/^n[01] /.test(move))).toEqual([]);
  });
});
