import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { isInShard } from "../../src/fleet/shard.ts";
import type { Wave } from "../../src/resources/model/desired.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { ModelFleet } from "../world/model-fleet.ts";

const CANARY: Wave = { name: "canary", selector: { ring: "canary" }, pauseMs: null, maxInProgress: null };
const REST: Wave = { name: "rest", selector: {}, pauseMs: null, maxInProgress: null };
const HOUR_MS = 3_600_000;

const LABELS = { c1: { ring: "canary" }, c2: { ring: "canary" }, r1: {}, r2: {}, r3: {} };

function fleet(rest: Partial<Wave> = {}, labels: ModelFleetLabels = LABELS): ModelFleet {
  return new ModelFleet({ waves: [CANARY, { ...REST, ...rest }], labels });
}

type ModelFleetLabels = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Rounds as `reconcile` makes them, with time between them, until nothing moves any more. */
async function settle(world: ModelFleet, runs: readonly Parameters<ModelFleet["run"]>[0][] = [{}]) {
  for (let idle = 0, round = 0; idle < 3 && round < 60; round += 1) {
    const before = world.moves.length;
    await Promise.all(runs.map((run) => world.run(run)));
    world.clock.pass(HOUR_MS);
    idle = world.moves.length === before ? idle + 1 : 0;
  }
}

/** No cluster of the rest entered a phase before every canary had. */
function insistOnOrder(moves: readonly string[], canaries: readonly string[]): void {
  for (const [index, move] of moves.entries()) {
    const [name = "", edge = ""] = move.split(" ");
    if (canaries.includes(name)) continue;
    for (const canary of canaries) expect(moves.slice(0, index)).toContain(`${canary} ${edge}`);
  }
}

describe("waves of a campaign", () => {
  it("the canaries enter each phase first, and all end at standby", async () => {
    const world = fleet();
    await settle(world);
    expect(world.finished()).toEqual(["c1", "c2", "r1", "r2", "r3"]);
    insistOnOrder(world.moves, ["c1", "c2"]);
  });

  it("the plan says which wave a cluster is in, and what it waits for", async () => {
    const world = fleet();
    world.models.get("c1")?.ailments.set("node1", "stuck");
    const { plan } = await world.run();
    expect(plan?.clusters.map(({ name, wave }) => [name, wave?.name, wave?.waits_for])).toEqual([
      ["c1", "canary", []],
      ["c2", "canary", []],
      ["r1", "rest", ["c1", "c2"]],
      ["r2", "rest", ["c1", "c2"]],
      ["r3", "rest", ["c1", "c2"]],
    ]);
  });

  it("a canary that went back stops the waves behind it, also those of other machines", async () => {
    const world = fleet();
    world.models.get("c2")?.ailments.set("node2", "stuck");
    world.afterMove = (name) => {
      const model = world.models.get(name);
      if (name === "c2" && model?.authority().rotation.phase === "rollback") model.ailments.clear();
    };
    await settle(world, [{ shard: { index: 0, of: 2 } }, { shard: { index: 1, of: 2 } }]);
    expect(world.moves.filter((move) => move.startsWith("r"))).toEqual([]);
    expect(world.phases()).toMatchObject({ c1: "standby", c2: "standby" });
    const { plan } = await world.run();
    const blocked = plan?.clusters.find(({ name }) => name === "r1")?.rotations[0]?.steps[0]?.guards;
    expect(blocked?.find(({ id }) => id === "wave")).toMatchObject({
      outcome: "fail",
      findings: [{ subject: "cluster/c2" }],
    });
  });

  it("pauses from when the wave before has verified the phase", async () => {
    const world = fleet({ pauseMs: 24 * HOUR_MS }, { c1: { ring: "canary" }, r1: {} });
    world.phase = "init";
    expect((await world.run()).outcome).toBe("blocked");
    world.clock.pass(23 * HOUR_MS);
    const { plan } = await world.run();
    expect(plan?.clusters[1]?.wave).toMatchObject({ name: "rest", waits_for: [] });
    expect(plan?.clusters[1]?.wave?.until).toMatch(/^2026-/);
    expect(world.moves).toEqual(["c1 standby-init"]);
    world.clock.pass(HOUR_MS);
    expect((await world.run()).outcome).toBe("applied");
    expect(world.moves).toEqual(["c1 standby-init", "r1 standby-init"]);
  });

  it("what is in no wave is held, and it is said", async () => {
    const world = new ModelFleet({ waves: [CANARY], labels: { c1: { ring: "canary" }, lost: {} } });
    const { outcome, events } = await world.run();
    expect(outcome).toBe("blocked");
    expect(world.moves.filter((move) => move.startsWith("lost"))).toEqual([]);
    const ending = events.find((event) => event.type === "cluster-finished" && event.cluster === "lost");
    expect(ending).toMatchObject({ outcome: "blocked", message: expect.stringContaining("wave") });
  });

  it("a record of a wave before that cannot be read is unknown, and holds", async () => {
    const world = fleet({}, { c1: { ring: "canary" }, r1: {} });
    const load = world.store.load.bind(world.store);
    world.store.load = async (name) => {
      if (name === "c1") throw new Failure("storage", "the disk is gone");
      return await load(name);
    };
    // Another machine, which has the rest alone.
    const shard = [0, 1, 2, 3, 4, 5, 6, 7]
      .map((index) => ({ index, of: 8 }))
      .find((one) => isInShard("r1", one) && !isInShard("c1", one));
    const { outcome, plan } = await world.run(shard === undefined ? {} : { shard });
    expect(outcome).toBe("blocked");
    const [step] = plan?.clusters[0]?.rotations[0]?.steps ?? [];
    expect(step?.guards.find(({ id }) => id === "wave")).toMatchObject({ outcome: "unknown" });
    expect(world.moves).toEqual([]);
  });

  it("no more than so many are between start and end, whoever runs them", async () => {
    const labels = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`r${index}`, {}]));
    const world = fleet({ maxInProgress: 2 }, labels);
    let most = 0;
    world.afterMove = () => {
      const going = Object.values(world.phases()).filter((phase) => phase !== "standby").length;
      most = Math.max(most, going);
    };
    const shards = [0, 1, 2].map((index) => ({ shard: { index, of: 3 }, parallel: 3 }));
    await settle(world, shards);
    expect(world.finished()).toHaveLength(9);
    expect(most).toBe(2);
    expect([...world.store.campaigns.values()].flatMap(({ places }) => places)).toEqual([]);
  });

  it("a place that a killed run has left is given up by the next", async () => {
    const world = fleet({ maxInProgress: 1 }, { r1: {}, r2: {} });
    await world.store.changePlaces("r1", "host-2026-11", (before) => ({
      ...before,
      places: [{ cluster: "r1", wave: "rest", since: "2026-11-01T00:00:00Z" }],
    }));
    await settle(world);
    expect(world.finished()).toEqual(["r1", "r2"]);
  });

  it.each([
    ["is no place any more: git had it when it was applied last", "descendant", ["r1", "r2"], []],
    ["counts as long as a commit does not have it yet", "older", [], ["gone"]],
    ["counts as long as nobody knows", "unknown", [], ["gone"]],
  ] as const)("the place of a cluster that is not in git %s", async (_title, relation, finished, places) => {
    const world = fleet({ maxInProgress: 1 }, { r1: {}, r2: {} });
    const applied = { commit: "f".repeat(40), at: "2026-11-01T00:00:00Z" };
    await world.store.save({ ...emptyRecord("gone"), applied });
    await world.store.changePlaces("gone", "host-2026-11", (before) => ({
      ...before,
      places: [{ cluster: "gone", wave: "rest", since: "2026-11-01T00:00:00Z" }],
    }));
    const facts = { head: "e".repeat(40), why: null, deletions: [], proposal: false };
    world.history = async (record) =>
      record.cluster === "gone"
        ? { ...facts, applied, relation }
        : { ...facts, applied: null, relation: null };
    await settle(world);
    expect(world.finished()).toEqual(finished);
    const left = (await world.store.places("host-2026-11")).places.map(({ cluster }) => cluster);
    expect(left).toEqual(places);
  });
});
