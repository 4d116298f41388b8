import { describe, expect, it } from "vitest";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { World } from "../world/apply.ts";
import { ago, desired, rotation } from "../world/host-rotation.ts";
import { ownCheck, ScriptedChecks } from "../world/own-checks.ts";

const LOGIN = ownCheck("login");

class CheckedWorld extends World {
  readonly checks = new ScriptedChecks();
  override runChecks = this.checks.runner(this.clock, () => this.cluster.authority().rotation.phase);
}

function wanted(
  phase: Phase,
  {
    check = LOGIN,
    policy = {},
    resource = {},
  }: {
    check?: typeof LOGIN;
    policy?: Parameters<typeof desired>[1];
    resource?: Parameters<typeof rotation>[1];
  } = {},
): DesiredState {
  const state = desired([rotation(phase, { strategy: "walk", ...resource })], policy);
  return { ...state, clusters: state.clusters.map((one) => ({ ...one, checks: [check] })) };
}

describe("a walk with a check that passes", () => {
  it("runs it before init, after each transition, and before the point of no return", async () => {
    const world = new CheckedWorld();
    expect((await world.apply(wanted("standby"))).outcome).toBe("applied");
    expect(world.checks.ran).toEqual([
      "login in standby",
      "login in init",
      "login in update_clients",
      "login in update_servers",
      "login in update_servers",
      "login in standby",
    ]);
    const [memory] = world.store.record?.rotations ?? [];
    expect(memory).toMatchObject({ state: "finished", baseline: [{ name: "login", outcome: "passed" }] });
  });

  it("is planned without running it, by the newest result", async () => {
    const world = new CheckedWorld();
    const state = wanted("update_clients");
    const before = (await world.plan(state)).clusters[0]?.rotations[0];
    expect(before?.checks).toMatchObject([{ state: "not_yet", evidence: "not run yet" }]);
    expect(before?.steps[0]?.guards).toContainEqual(
      expect.objectContaining({ id: "checks", outcome: "pass", pending: true }),
    );
    await world.apply(wanted("init"));
    const ran = world.checks.ran.length;
    world.clock.pass(12_000);
    const after = (await world.plan(state)).clusters[0]?.rotations[0];
    expect(world.checks.ran).toHaveLength(ran);
    expect(after?.checks).toMatchObject([
      { state: "passed", evidence: expect.stringMatching(/^1 of 1, \d+ s ago; baseline 1 of 1$/) },
    ]);
  });
});

describe("a check that fails after a transition", () => {
  it("is a transition that did not verify: rolled back, with the reason", async () => {
    const world = new CheckedWorld();
    await world.apply(wanted("update_clients"));
    world.checks.outcomes.set("login", "failed");
    const { outcome, events } = await world.apply(wanted("update_servers"));
    expect(outcome).toBe("rolled-back");
    expect(world.cluster.transitions.at(-1)).toBe("host rollback-standby");
    const reason = "after update_servers a check failed (exit status 1, it said: access denied): check/login";
    expect(events).toContainEqual(expect.objectContaining({ type: "rollback-started", reason }));
    expect(events.at(-1)).toMatchObject({ type: "finished", message: reason });
    expect(world.store.record?.rotations[0]).toMatchObject({ state: "rolled_back", reason });
  });

  it("halts where the policy says so, and the next run tries it again", async () => {
    const world = new CheckedWorld();
    const policy = { onFailure: "halt" as const };
    world.checks.outcomes.set("login", "passed");
    await world.apply(wanted("init", { policy }));
    world.checks.outcomes.set("login", "failed");
    expect((await world.apply(wanted("update_clients", { policy }))).outcome).toBe("blocked");
    expect(world.cluster.authority().rotation.phase).toBe("update_clients");
    const held = await world.plan(wanted("standby", { policy }));
    expect(held.outcome).toBe("blocked");
    world.checks.outcomes.set("login", "passed");
    expect((await world.apply(wanted("standby", { policy }))).outcome).toBe("applied");
  });

  it("is accepted by a waiver in force", async () => {
    const world = new CheckedWorld();
    const waive = [{ guard: "checks", subject: "check/login", reason: "known", expires: ago(-600) }];
    await world.apply(wanted("init"));
    world.checks.outcomes.set("login", "failed");
    const { outcome } = await world.apply(wanted("update_servers", { resource: { waive } }));
    expect(outcome).toBe("applied");
  });

  it("that could not be run is no harm seen: nothing is rolled back, and nothing goes on", async () => {
    const world = new CheckedWorld();
    await world.apply(wanted("init"));
    world.checks.outcomes.set("login", "not_run");
    const { outcome, events } = await world.apply(wanted("standby"));
    expect(outcome).toBe("blocked");
    expect(events.at(-1)).toMatchObject({ message: expect.stringContaining("blocked by checks") });
    expect(world.cluster.authority().rotation.phase).toBe("update_clients");
  });
});

describe("a check that fails before the last step", () => {
  it("blocks it, and the old key stays", async () => {
    const world = new CheckedWorld();
    await world.apply(wanted("update_servers"));
    world.checks.outcomes.set("login", "failed");
    const { outcome, events } = await world.apply(wanted("standby"));
    expect(outcome).toBe("blocked");
    expect(world.cluster.authority().rotation.phase).toBe("update_servers");
    expect(events.at(-1)).toMatchObject({ message: "host update_servers → standby is blocked by checks" });
    const plan = await world.plan(wanted("standby"));
    expect(plan.outcome).toBe("blocked");
    // Repaired: the next run tries it again, and goes on.
    world.checks.outcomes.set("login", "passed");
    expect((await world.apply(wanted("standby"))).outcome).toBe("applied");
  });

  it("holds the last step only, where it fails after that: nothing leads back", async () => {
    const world = new CheckedWorld();
    await world.apply(wanted("update_servers"));
    const where = () => world.cluster.authority().rotation.phase;
    const scripted = world.checks.runner(world.clock, where);
    world.runChecks = async (...given) => {
      world.checks.outcomes.set("login", where() === "standby" ? "failed" : "passed");
      return await scripted(...given);
    };
    const { outcome, events } = await world.apply(wanted("standby"));
    expect(outcome).toBe("blocked");
    expect(events.at(-1)).toMatchObject({
      message: expect.stringMatching(/^host is in standby, but after standby a check failed/),
    });
  });
});

describe("a check that failed in the baseline", () => {
  it("is told, and holds nothing", async () => {
    const world = new CheckedWorld();
    world.checks.outcomes.set("login", "failed");
    const { outcome, events } = await world.apply(wanted("standby"));
    expect(outcome).toBe("applied");
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "notice",
        cluster: "acme.cluster",
        message: expect.stringMatching(/^host: check login failed, 0 of 1/),
      }),
    );
  });

  it("keeps a rotation from its start where it is required", async () => {
    const world = new CheckedWorld();
    world.checks.outcomes.set("login", "failed");
    const { outcome } = await world.apply(wanted("standby", { check: { ...LOGIN, required: true } }));
    expect(outcome).toBe("blocked");
    expect(world.cluster.transitions).toEqual([]);
  });
});

it("a check that was renamed is another one: its results go with its name", async () => {
  const world = new CheckedWorld();
  await world.apply(wanted("init"));
  expect(world.store.record?.checks).toMatchObject([{ name: "login" }]);
  const renamed = wanted("update_clients", { check: ownCheck("door") });
  const [rotation] = (await world.plan(renamed)).clusters[0]?.rotations ?? [];
  expect(rotation?.checks).toMatchObject([{ name: "door", state: "not_yet", baseline: null }]);
  expect((await world.apply(renamed)).outcome).toBe("applied");
  expect(world.store.record?.checks).toMatchObject([{ name: "door" }]);
});

it("what cannot be run at all blocks the start", async () => {
  const world = new World();
  const { outcome, events } = await world.apply(wanted("init"));
  expect(outcome).toBe("blocked");
  expect(events.at(-1)).toMatchObject({ message: "host standby → init waits: its checks were not run" });
  expect(world.cluster.transitions).toEqual([]);
});

it("a run that was killed before its checks runs them in the next one", async () => {
  const world = new CheckedWorld();
  await world.apply(wanted("init"));
  const scripted = world.runChecks;
  world.runChecks = async () => {
    throw new Error("killed");
  };
  await expect(world.apply(wanted("update_clients"))).rejects.toThrow("killed");
  world.runChecks = scripted;
  world.checks.outcomes.set("login", "failed");
  expect((await world.apply(wanted("update_clients"))).outcome).toBe("rolled-back");
});
