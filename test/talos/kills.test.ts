import { describe, expect, it } from "vitest";
import { FORWARD, type Phase } from "../../src/rotation/phase.ts";
import { type Moment, Mortal, mortal, untilKilled } from "../model/mortal.ts";
import { isTooEarly, TalosWorld } from "./world.ts";

const { CAPSTAN_TALOS_KILL_STRIDE } = process.env;
const IS_SOAK = CAPSTAN_TALOS_KILL_STRIDE !== undefined;
/** Each n-th call of a run. */
const STRIDE = Number(CAPSTAN_TALOS_KILL_STRIDE ?? 11);
const TYPES = IS_SOAK ? (["talos", "kubernetes"] as const) : (["talos"] as const);
const MOMENTS: readonly Moment[] = ["before", "after"];
const MACHINES = { controlPlanes: 1, workers: 1 };

/** Whatever a run writes into its record is a call of it, as each talosctl and kubectl is. */
async function mortalWorld(type: "talos" | "kubernetes"): Promise<TalosWorld> {
  const world = await TalosWorld.start(type, MACHINES);
  const { store } = world;
  store.save = mortal(() => "save", store.save.bind(store));
  store.append = mortal(() => "append", store.append.bind(store));
  store.backup = mortal(() => "backup", store.backup.bind(store));
  return world;
}

/**
 * The first run is killed at its first call, the next one a stride later, and so on, each from where the one before it
 * left machines and record, until one ends before its turn comes. Says how many were killed.
 */
async function killedAgainAndAgain(world: TalosWorld, phase: Phase, moment: Moment): Promise<number> {
  for (let at = 1, kills = 0; ; ) {
    const run = new Mortal(at, at, moment);
    const ended = await untilKilled(run, () => world.apply(world.desired(phase)));
    if (ended === null) {
      at += STRIDE;
      kills += 1;
      continue;
    }
    if (isTooEarly(ended.result.events)) continue;
    expect(["applied", "nothing-to-do"], JSON.stringify(ended.result.events.slice(-2))).toContain(
      ended.result.outcome,
    );
    return kills;
  }
}

async function isAtRest(world: TalosWorld, phase: Phase, state: "N" | "O"): Promise<void> {
  expect(world.states()).toEqual([state, state]);
  for (const { store } of world.test.running.machines) expect(store.persistent).toBe(store.active);
  expect((await world.plan(world.desired(phase))).outcome).toBe("no_changes");
}

describe.each(TYPES)("SIGKILL at every talosctl, kubectl and write of the record, of the %s CA", (type) => {
  it.each(MOMENTS)("%s its effect, forward: each machine is changed once in each phase", async (moment) => {
    const world = await mortalWorld(type);
    let kills = 0;
    for (const phase of FORWARD) kills += await killedAgainAndAgain(world, phase, moment);
    expect(kills).toBeGreaterThan(FORWARD.length);
    // Two machines, three transitions, and once more for the control plane of the swap, which is tried first.
    expect(world.applies).toBe(3 * 2 + 1);
    await isAtRest(world, "standby", "N");
    if (IS_SOAK) console.log(`${type}, forward, ${moment}: ${kills} kills`);
  });

  it.each(
    STRIDE === 1 ? (["init", "update_clients", "update_servers"] as const) : (["update_servers"] as const),
  )("after its effect, on the way back from %s", async (phase) => {
    const world = await mortalWorld(type);
    await world.walk(phase);
    const kills = await killedAgainAndAgain(world, "rollback", "after");
    expect(kills).toBeGreaterThan(0);
    await isAtRest(world, "rollback", "O");
    if (IS_SOAK) console.log(`${type}, back from ${phase}: ${kills} kills`);
  });

  it("and then somebody changes their mind", async () => {
    const world = await mortalWorld(type);
    await world.walk("init");
    const run = new Mortal(1, 30, "after");
    expect(await untilKilled(run, () => world.walk("update_servers"))).toBeNull();
    await world.walk("rollback");
    await isAtRest(world, "rollback", "O");
  });
});
