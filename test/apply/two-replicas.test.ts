import fc from "fast-check";
import { expect, it } from "vitest";
import { approvalWhere } from "../../src/apply/approval.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { Failure } from "../../src/failure.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import { World } from "../world/apply.ts";
import { CLUSTER, desired, rotation } from "../world/host-rotation.ts";
import { Killed } from "../world/model-cluster.ts";

/** Two machines that reconcile one repository: one cluster, one record, one lock, one clock; each may be killed. */
const MINUTE = 60_000;
const LEASE_MS = 2 * MINUTE;
const NEVER = new AbortController().signal;
const WISH = desired([rotation("standby", { strategy: "walk" })], { soakMs: 5 * MINUTE });

/** Who has the lock; of a machine that was killed nobody renews it. */
interface Held {
  readonly by: Replica;
  diedAt: number | null;
}

class Shared extends World {
  held: Held | null = null;
  /** How often somebody came second. */
  refused = 0;
}

class Replica {
  readonly #world: Shared;
  /** Calls to the outside until the next kill. */
  #left = Number.POSITIVE_INFINITY;

  constructor(world: Shared) {
    this.#world = world;
  }

  /** Hours of rounds; each number is after how many calls the machine is killed, and then started anew. */
  async reconcile(kills: readonly number[], interval: number): Promise<void> {
    const { clock } = this.#world;
    const end = clock.now() + 240 * MINUTE;
    const next = kills.values();
    this.#left = next.next().value ?? Number.POSITIVE_INFINITY;
    while (clock.now() < end) {
      try {
        await this.#round(WISH);
      } catch (error) {
        if (error instanceof Killed) {
          if (this.#world.held?.by === this) this.#world.held.diedAt = clock.now();
          this.#left = next.next().value ?? Number.POSITIVE_INFINITY;
        } else if (error instanceof Failure && error.code === "locked") this.#world.refused += 1;
        else throw error;
      }
      await clock.sleep(interval, NEVER);
      // Else whoever only finds the lock taken lets minutes pass between the other's look and its step, again and again.
      for (let turn = 0; turn < 500; turn += 1) await Promise.resolve();
    }
  }

  async #round(state: DesiredState) {
    const { cluster, store, clock } = this.#world;
    const call = async <Result>(effect: () => Promise<Result>): Promise<Result> => {
      if (this.#left <= 0) throw new Killed();
      this.#left -= 1;
      const result = await effect();
      // Killed after the effect: nobody learns of it.
      if (this.#left <= 0) throw new Killed();
      return result;
    };
    await applyPlan({
      desired: state,
      parallel: 1,
      commit: "c0ffee".padEnd(40, "0"),
      platforms: new Map([
        [
          CLUSTER,
          {
            observe: (scope) => call(() => cluster.observe(scope)),
            transition: (request) => call(() => cluster.transition(request)),
          },
        ],
      ]),
      store: {
        load: (name) => store.load(name),
        save: (record) => call(() => store.save(record)),
        append: (entry) => call(() => store.append(entry)),
        backup: (state, sealed) => call(() => store.backup(state, sealed)),
        whereabouts: () => store.whereabouts(),
        places: (campaign) => store.places(campaign),
        changePlaces: (name, campaign, change) => call(() => store.changePlaces(name, campaign, change)),
        lock: () => call(async () => this.#lock()),
        lockState: () => store.lockState(),
        locks: () => store.locks(),
        releaseLock: () => store.releaseLock(),
      },
      clock,
      signal: NEVER,
      turnBackOf: () => NEVER,
      accept: () => new Map(),
      emit() {},
      approve: async (plan) => approvalWhere(plan, () => true),
      holder: { who: "test", why: "test" },
    });
  }

  #lock() {
    const world = this.#world;
    const { held } = world;
    const isOver = held?.diedAt != null && world.clock.now() >= held.diedAt + LEASE_MS;
    if (held !== null && !isOver) throw new Failure("locked", "somebody holds the lock");
    const mine: Held = { by: this, diedAt: null };
    world.held = mine;
    const isMine = () => world.held === mine && this.#left > 0;
    return {
      cluster: CLUSTER,
      id: "run",
      lost: NEVER,
      confirm: async () => {
        if (!isMine()) throw new Killed();
      },
      release: async () => {
        if (isMine()) world.held = null;
      },
    };
  }
}

const kills = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 });

it("two machines take each step once, whoever is killed when", async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(kills, kills, fc.integer({ min: 20, max: 90 }), async (one, other, seconds) => {
      const world = new Shared();
      await Promise.all([
        new Replica(world).reconcile(one, 30_000),
        new Replica(world).reconcile(other, seconds * 1000),
      ]);
      expect(world.cluster.transitions).toEqual([
        "host standby-init",
        "host init-update_clients",
        "host update_clients-update_servers",
        "host update_servers-standby",
      ]);
      expect(world.store.record?.rotations.map(({ state }) => state)).toEqual(["finished"]);
      refused += world.refused;
    }),
    { numRuns: 25 },
  );
  // Else nobody met anybody, and nothing was shown.
  expect(refused).toBeGreaterThan(20);
});
