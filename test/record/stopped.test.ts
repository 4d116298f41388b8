import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { Failure } from "../../src/failure.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import { LEASE_MS, SKEW_MS } from "../../src/record/lease-times.ts";
import type { RecordStore } from "../../src/record/store.ts";
import { approved } from "../world/apply.ts";
import { CLUSTER, desired, NOW, rotation } from "../world/host-rotation.ts";
import { ModelClock, ModelCluster } from "../world/model-cluster.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-stopped-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Something happens before or after the n-th call that a run makes to what is outside of it. */
class Stop {
  made = 0;
  #happened = false;
  readonly #at: number;
  readonly #what: () => Promise<void>;

  constructor(at: number, what: () => Promise<void>) {
    this.#at = at;
    this.#what = what;
  }

  get happened(): boolean {
    return this.#happened;
  }

  async point(): Promise<void> {
    this.made += 1;
    if (this.made !== this.#at) return;
    this.#happened = true;
    await this.#what();
  }

  around<Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      await this.point();
      const result = await call(...args);
      await this.point();
      return result;
    };
  }

  store(store: RecordStore): RecordStore {
    return {
      load: this.around((cluster) => store.load(cluster)),
      save: this.around((record) => store.save(record)),
      append: this.around((entry) => store.append(entry)),
      backup: this.around((backup, sealed) => store.backup(backup, sealed)),
      lock: (cluster, holder, notice) => store.lock(cluster, holder, notice),
      lockState: (cluster) => store.lockState(cluster),
      locks: () => store.locks(),
      releaseLock: (lock) => store.releaseLock(lock),
      whereabouts: (cluster) => store.whereabouts(cluster),
      places: (campaign) => store.places(campaign),
      changePlaces: this.around((cluster, campaign, change) => store.changePlaces(cluster, campaign, change)),
    };
  }

  /** As an adapter: what is confirmed last is followed by the start of a process, and nothing in between. */
  platform(cluster: ModelCluster): Platform {
    return {
      observe: this.around((scope) => cluster.observe(scope)),
      transition: this.around(async (request) => {
        await request.confirm?.();
        return await cluster.transition(request);
      }),
    };
  }
}

async function run(store: RecordStore, platform: Platform, clock: ModelClock): Promise<RunOutcome | string> {
  try {
    return await applyPlan({
      desired: desired([rotation("init")]),
      parallel: 1,
      commit: "c0ffee",
      platforms: new Map([[CLUSTER, platform]]),
      store,
      clock,
      signal: new AbortController().signal,
      turnBackOf: () => new AbortController().signal,
      accept: () => new Map(),
      emit: () => {},
      approve: async (plan) => approved(plan, false),
      holder: { who: "a run", why: "capstan apply" },
    });
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

describe("who may write: a run that was stopped at any point of a step, and goes on after others took over", () => {
  it.each([
    ["it knows by its clocks alone", { sleeps: true, taken: false }],
    ["it knows by a look at home alone", { sleeps: false, taken: true }],
    ["it slept, and another run did its work", { sleeps: true, taken: true }],
  ])("calls nothing that changes the cluster: %s", async (_, { sleeps, taken }) => {
    for (let at = 1; ; at += 1) {
      const home = join(folder, String(at));
      const clock = new ModelClock();
      const cluster = new ModelCluster(clock);
      const hands = { ms: 0 };
      const clocks = { wall: () => NOW + hands.ms, boot: () => hands.ms, monotonic: () => hands.ms };
      const store = folderStore(home, clocks.wall, { clocks, repeat: () => () => {} });
      let after: readonly string[] = [];
      let other: string | null = null;
      const stop = new Stop(at, async () => {
        if (sleeps) hands.ms += LEASE_MS + SKEW_MS;
        if (taken) {
          const second = folderStore(home, () => NOW);
          const lock = await second.lockState(CLUSTER);
          if (lock !== null) await second.releaseLock({ cluster: CLUSTER, id: lock.id, force: true });
          other = await run(second, cluster, clock);
        }
        after = [...cluster.transitions];
      });
      const outcome = await run(stop.store(store), stop.platform(cluster), clock);
      if (!stop.happened) {
        expect(outcome).toBe("applied");
        expect(at).toBeGreaterThan(20);
        break;
      }
      expect(cluster.transitions, `stopped at call ${at}`).toEqual(after);
      if (taken)
        expect([other, cluster.transitions]).toEqual([
          expect.stringMatching(/applied|nothing-to-do/),
          ["host standby-init"],
        ]);
      // Whoever comes next finds a record and a lock that it can work with.
      const next = await run(
        folderStore(home, () => NOW),
        cluster,
        clock,
      );
      expect(next, `after a stop at call ${at}`).toMatch(/applied|nothing-to-do/);
      expect(cluster.transitions).toEqual(["host standby-init"]);
    }
  });
});
