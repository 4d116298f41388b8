import { expect, it } from "vitest";
import { approvalWhere } from "../../src/apply/approval.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { makePlan } from "../../src/planner/planner.ts";
import type { ClusterResource, DesiredState, RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { cluster, rotation } from "../world/host-rotation.ts";
import { MemoryStore } from "../world/memory-store.ts";
import { ModelClock } from "../world/model-cluster.ts";
import { FIRST, Mint, NAME } from "./mint.ts";

const CLUSTER: ClusterResource = { ...cluster(), name: NAME, platform: "mint", connection: null };
const NEVER = new AbortController().signal;

class Treasury {
  readonly clock = new ModelClock();
  readonly mint = new Mint(this.clock);
  readonly store = new MemoryStore();

  async plan(phase: Phase, more: Partial<RotationResource> = {}) {
    const observations = [await this.mint.observe()];
    const records = [await this.store.load(NAME)];
    return makePlan({
      desired: wish(phase, more),
      observations,
      records,
      commit: null,
      now: this.clock.now(),
    });
  }

  async apply(phase: Phase, more: Partial<RotationResource> = {}): Promise<string> {
    return await applyPlan({
      parallel: 1,
      desired: wish(phase, more),
      commit: null,
      platforms: new Map([[NAME, this.mint]]),
      store: this.store,
      clock: this.clock,
      signal: NEVER,
      turnBackOf: () => NEVER,
      accept: () => new Map(),
      emit: () => {},
      approve: async (plan) => approvalWhere(plan, () => true),
      holder: { who: "test", why: "test" },
    });
  }
}

function wish(phase: Phase, more: Partial<RotationResource>): DesiredState {
  const authorities = [{ type: "coin", retire: [FIRST] }];
  const coin = rotation(phase, { name: "coin-2026", cluster: NAME, authorities, strategy: "walk", ...more });
  return { clusters: [CLUSTER], authorities: [], rotations: [coin], overrides: [] };
}

it("a third platform is walked from standby to standby", async () => {
  const treasury = new Treasury();
  const { mint, store } = treasury;
  expect((await treasury.plan("standby")).clusters[0]).toMatchObject({ platform: "mint", problem: null });
  expect(await treasury.apply("standby")).toBe("applied");
  expect(mint.taken).toEqual([
    "standby-init",
    "init-update_clients",
    "update_clients-update_servers",
    "update_servers-standby",
  ]);
  expect(mint.signs).not.toBe(FIRST);
  expect(store.record?.rotations).toMatchObject([{ authority: "coin", state: "finished" }]);
  expect((await treasury.plan("standby")).outcome).toBe("no_changes");
});

it("and back, from the middle of the way", async () => {
  const treasury = new Treasury();
  const { mint, store } = treasury;
  expect(await treasury.apply("update_clients")).toBe("applied");
  expect(mint.signs).not.toBe(FIRST);
  expect(await treasury.apply("rollback")).toBe("applied");
  expect(mint.taken.slice(2)).toEqual(["update_clients-rollback", "rollback-standby"]);
  expect(mint.signs).toBe(FIRST);
  expect(store.record?.rotations).toMatchObject([{ authority: "coin", state: "rolled_back" }]);
});

it("its own guard holds it, by facts that only it knows", async () => {
  const treasury = new Treasury();
  treasury.mint.facts = { dieIsCracked: true };
  const [step] = (await treasury.plan("init")).clusters[0]?.rotations[0]?.steps ?? [];
  expect(step?.guards.find(({ id }) => id === "die")?.findings).toMatchObject([{ subject: "die/1" }]);
  expect(await treasury.apply("init")).toBe("blocked");
  expect(treasury.mint.taken).toEqual([]);
});

it("a purse that is lost on the way holds it, and comes back", async () => {
  const treasury = new Treasury();
  expect(await treasury.apply("init")).toBe("applied");
  treasury.mint.lose("left");
  await treasury.mint.transition({ authority: "coin", to: "update_clients" });
  const [step] = (await treasury.plan("update_servers", {})).clusters[0]?.rotations[0]?.steps ?? [];
  expect(step?.guards.filter(({ outcome }) => outcome !== "pass").map(({ id }) => id)).toEqual([
    "roster",
    "components-ready",
  ]);
  expect(step?.guards.flatMap(({ findings }) => findings)).toContainEqual(
    expect.objectContaining({
      subject: "purse/left",
      remedy: expect.stringMatching(/^shake it\. To accept it: `capstan waive/),
    }),
  );
  treasury.mint.lost.clear();
  expect(await treasury.apply("standby")).toBe("applied");
});
