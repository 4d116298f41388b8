import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { refsStore } from "../../src/record/refs-store.ts";
import type { RecordStore } from "../../src/record/store.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { type Moment, Mortal, untilKilled } from "../model/mortal.ts";
import { emptyRecordIn } from "../model/place.ts";
import { isTooEarly, TalosWorld } from "./world.ts";

// Every git that a run starts.
vi.mock("../../src/record/plumbing.ts", async (original) => {
  const real = await original<typeof import("../../src/record/plumbing.ts")>();
  const { mortal: counted } = await import("../model/mortal.ts");
  return { ...real, runGit: counted((_folder, _env, [verb = ""], _given) => `git ${verb}`, real.runGit) };
});

// The runs of this process are the processes of many machines, none of which can see the others.
vi.mock("../../src/record/holder-process.ts", () => ({
  exists: () => true,
  thisProcess: async () => ({ place: null, started: null }),
  lifeOf: async () => "unknown",
}));

const { CAPSTAN_TALOS_REFS_STRIDE } = process.env;
const IS_SOAK = CAPSTAN_TALOS_REFS_STRIDE !== undefined;
/** Each n-th call of a run. */
const STRIDE = Number(CAPSTAN_TALOS_REFS_STRIDE ?? 37);
const LEASE_MS = 6 * 60_000;
const MACHINES = { controlPlanes: 1, workers: 1 };
/** In a soak all of them, and the way back from each. */
const FORWARD: readonly Phase[] = IS_SOAK
  ? ["init", "update_clients", "update_servers", "standby"]
  : ["init"];
const BACK: readonly Phase[] = FORWARD.slice(0, -1);
/** Two machines, three transitions, and once more for the control plane of the swap, which is tried first. */
const CHANGES = IS_SOAK ? 3 * 2 + 1 : 2;
const [REACHED, STATE] = IS_SOAK ? (["standby", "N"] as const) : (["init", "ON"] as const);

/** A Talos cluster whose record is in refs, on machines whose clocks can be set forward until a lease is over. */
class WorldInRefs {
  readonly world: TalosWorld;
  readonly #folder: string;
  #later = 0;

  private constructor(world: TalosWorld, folder: string) {
    this.world = world;
    this.#folder = folder;
    world.record = this.#store();
  }

  static async begin(): Promise<WorldInRefs> {
    const folder = await emptyRecordIn("refs");
    return new WorldInRefs(await TalosWorld.start("talos", MACHINES), folder);
  }

  #store(): RecordStore {
    const wall = () => Date.now() + this.#later;
    const clocks = { wall, boot: wall, monotonic: wall };
    const folder = join(this.#folder, "clone");
    return refsStore({ folder, env: process.env, clock: wall, clocks, repeat: () => () => {} });
  }

  /**
   * The first run is killed at its first call, the next one a stride later, and so on, until one ends before its turn
   * comes. Says how many were killed.
   */
  async killedAgainAndAgain(phase: Phase, moment: Moment): Promise<number> {
    const { world } = this;
    for (let at = 1, kills = 0; ; ) {
      const run = new Mortal(at, at, moment);
      // A machine of its own remembers nothing of what another one has read.
      world.record = this.#store();
      const ended = await untilKilled(run, () => world.apply(world.desired(phase)));
      if (ended === null) {
        at += STRIDE;
        kills += 1;
        // Nobody can see whether a runner elsewhere still lives: its lease has to end.
        this.#later += LEASE_MS;
        continue;
      }
      if (isTooEarly(ended.result.events)) continue;
      expect(["applied", "nothing-to-do"], JSON.stringify(ended.result.events.slice(-2))).toContain(
        ended.result.outcome,
      );
      return kills;
    }
  }

  async isAtRest(phase: Phase, state: string): Promise<void> {
    const { world } = this;
    world.record = this.#store();
    expect(world.states()).toEqual([state, state]);
    for (const { store } of world.test.running.machines) expect(store.persistent).toBe(store.active);
    expect((await world.plan(world.desired(phase))).outcome).toBe("no_changes");
  }
}

describe("SIGKILL at every talosctl, kubectl and git, with the record in refs", () => {
  it.each(IS_SOAK ? (["before", "after"] as const) : (["after"] as const))(
    "%s its effect, forward: each machine is changed once in each phase",
    async (moment) => {
      const place = await WorldInRefs.begin();
      let kills = 0;
      for (const phase of FORWARD) kills += await place.killedAgainAndAgain(phase, moment);
      expect(kills).toBeGreaterThan(FORWARD.length);
      expect(place.world.applies).toBe(CHANGES);
      await place.isAtRest(REACHED, STATE);
      if (IS_SOAK) console.log(`forward, ${moment}: ${kills} kills`);
    },
  );

  it.each(BACK)("after its effect, on the way back from %s", async (phase) => {
    const place = await WorldInRefs.begin();
    await place.world.walk(phase);
    const kills = await place.killedAgainAndAgain("rollback", "after");
    expect(kills).toBeGreaterThan(0);
    await place.isAtRest("rollback", "O");
    console.log(`back from ${phase}: ${kills} kills`);
  });
});
