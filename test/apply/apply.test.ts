import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { AuthorityResource } from "../../src/resources/model/desired.ts";
import { identify } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { deletes, World } from "../world/apply.ts";
import { ago, CLUSTER, desired, OLD, OTHER, rotation } from "../world/host-rotation.ts";
import { Killed } from "../world/model-cluster.ts";

const WALK: readonly Phase[] = ["init", "update_clients", "update_servers", "standby"];

/** Applies the commits of a walk up to and including `last`. */
async function walked(last: Phase): Promise<World> {
  const world = new World();
  for (const phase of WALK.slice(0, WALK.indexOf(last) + 1)) {
    const { outcome } = await world.apply(desired([rotation(phase)]));
    expect(outcome).toBe("applied");
  }
  return world;
}

describe("a rotation, commit by commit", () => {
  it("ends with the old key gone and a new one signing", async () => {
    const world = await walked("standby");
    const { active, trusted, rotation: live } = world.cluster.authority();
    expect(identify(active)).not.toContain(OLD);
    expect(trusted).toEqual([]);
    expect(live.state).toBe("standby");
    expect(world.store.record?.rotations[0]?.state).toBe("finished");
  });

  it.each(WALK)("applying %s a second time does nothing", async (phase) => {
    const world = await walked(phase);
    const before = [...world.cluster.transitions];
    expect((await world.apply(desired([rotation(phase)]))).outcome).toBe("nothing-to-do");
    expect(world.cluster.transitions).toEqual(before);
    expect((await world.plan(desired([rotation(phase)]))).outcome).toBe("no_changes");
  });

  it("takes the whole walk in one commit when it says so", async () => {
    const world = new World();
    const { outcome } = await world.apply(desired([rotation("standby", { strategy: "walk" })]));
    expect(outcome).toBe("applied");
    expect(world.cluster.transitions).toHaveLength(4);
  });
});

describe("blocking drift elsewhere in the cluster", () => {
  const undeclared: AuthorityResource = {
    cluster: CLUSTER,
    type: "okta",
    source: { file: "authorities.yaml", line: 1 },
    activeKeys: [OLD],
    maxAgeMs: null,
    trustConsumers: [],
  };

  it("holds up the step that the plan calls blocked, but never the way back", async () => {
    const world = await walked("init");
    const onward = { ...desired([rotation("update_clients")]), authorities: [undeclared] };
    expect((await world.plan(onward)).outcome).toBe("blocked");
    expect((await world.apply(onward)).outcome).toBe("blocked");
    expect(world.cluster.authority().rotation.phase).toBe("init");
    const back = { ...desired([rotation("rollback")]), authorities: [undeclared] };
    await world.apply(back);
    expect(world.cluster.authority().rotation.phase).toBe("standby");
  });
});

describe("a freeze that begins during a step", () => {
  const freezes = [{ from: ago(-1), to: "2100-01-01T00:00:00.000Z", reason: "sale" }];

  it("lets it end, and holds the next one; the way back is open", async () => {
    const world = new World();
    world.cluster.lagMs = 90_000;
    const walk = rotation("standby", { strategy: "walk" });
    const { outcome, events } = await world.apply(desired([walk], { freezes }));
    expect(outcome).toBe("blocked");
    expect(world.cluster.transitions).toEqual(["host standby-init"]);
    expect(events.at(-1)).toMatchObject({ message: "host init → update_clients is blocked by window" });
    expect((await world.apply(desired([rotation("rollback")], { freezes }))).outcome).toBe("applied");
    expect(world.cluster.authority().rotation.phase).toBe("standby");
  });

  it("does not keep a failure from being rolled back", async () => {
    const world = new World();
    world.cluster.ailments.set("node2", "stuck");
    const { outcome } = await world.apply(desired([rotation("init")], { freezes }));
    expect(outcome).toBe("rolled-back");
    expect(world.cluster.authority().rotation.phase).toBe("standby");
  });
});

describe("approval", () => {
  it("without one nothing happens", async () => {
    const world = new World();
    expect((await world.apply(desired([rotation("init")]), { approve: "nothing" })).outcome).toBe("blocked");
    expect(world.cluster.transitions).toEqual([]);
  });

  it("a person who leaves does not even wait for what a killed run has begun", async () => {
    const world = new World();
    world.cluster.callsUntilKilled = 2;
    await expect(world.apply(desired([rotation("init")]))).rejects.toThrow(Killed);
    world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
    await world.clock.sleep(60_000, new AbortController().signal);
    const { steps } = (await world.plan(desired([rotation("init")]))).clusters[0]?.rotations[0] ?? {
      steps: [],
    };
    expect(steps.map(({ action }) => action)).toEqual(["verify"]);
    const { outcome, events } = await world.apply(desired([rotation("init")]), { approve: "leave" });
    expect(outcome).toBe("blocked");
    expect(events.map(({ type }) => type)).toEqual(["plan", "finished"]);
  });

  it("the point of no return needs its own", async () => {
    const world = await walked("update_servers");
    expect((await world.apply(desired([rotation("standby")]), { approve: "ordinary" })).outcome).toBe(
      "blocked",
    );
    expect(world.cluster.authority().rotation.phase).toBe("update_servers");
  });
});

describe("rolling back by commit", () => {
  it.each(["init", "update_clients", "update_servers"] as const)(
    "from %s gives the old key back",
    async (phase) => {
      const world = await walked(phase);
      expect((await world.apply(desired([rotation("rollback")]))).outcome).toBe("applied");
      expect(identify(world.cluster.authority().active)).toEqual([OLD]);
      expect(world.cluster.authority().trusted).toEqual([]);
      expect(world.store.record?.rotations[0]?.state).toBe("rolled_back");
      expect((await world.plan(desired([rotation("rollback")]))).outcome).toBe("no_changes");
    },
  );

  it("a rotation under way whose resource is only missing stays where it is, and blocks by name", async () => {
    const world = await walked("update_clients");
    const { outcome, events } = await world.apply(desired([]));
    expect(outcome).toBe("blocked");
    expect(events.at(-1)).toMatchObject({ message: expect.stringContaining("rotation/host-2026-11") });
    expect(world.cluster.authority().rotation.phase).toBe("update_clients");
  });

  it("deleting the resource of a rotation under way rolls it back", async () => {
    const world = await walked("update_clients");
    world.history = deletes("host", OLD);
    expect((await world.apply(desired([]))).outcome).toBe("applied");
    expect(identify(world.cluster.authority().active)).toEqual([OLD]);
  });

  it("the content that led to it does not start it again, until a person says why", async () => {
    const world = await walked("init");
    await world.apply(desired([rotation("rollback")]));
    const again = await world.apply(desired([rotation("init")]));
    expect(again.outcome).toBe("blocked");
    const resumed = rotation("init", { resume: "node2 is back", contentHash: "resumed" });
    expect((await world.apply(desired([resumed]))).outcome).toBe("applied");
  });

  it("nor does the same without the reason that a person once gave", async () => {
    const world = new World();
    const contents = { contentHash: "with a reason", contentWithoutResume: "content-init" };
    expect((await world.apply(desired([rotation("init", { resume: "audit", ...contents })]))).outcome).toBe(
      "applied",
    );
    await world.apply(desired([rotation("rollback")]));
    expect((await world.apply(desired([rotation("init")]))).outcome).toBe("blocked");
    const again = rotation("init", { resume: "repaired", contentHash: "another reason" });
    expect((await world.apply(desired([again]))).outcome).toBe("applied");
  });
});

describe("a transition that does not verify", () => {
  it.each(["init", "update_clients", "update_servers"] as const)(
    "a node stuck before %s: turned back by policy",
    async (phase) => {
      const world = new World();
      for (const before of WALK.slice(0, WALK.indexOf(phase))) await world.apply(desired([rotation(before)]));
      world.cluster.ailments.set("node2", "stuck");
      const { outcome, events } = await world.apply(desired([rotation(phase)]));
      // From init the new key has signed nothing; else the rollback waits for the node that is stuck.
      expect(outcome).toBe(phase === "init" ? "rolled-back" : "rollback-unfinished");
      const failed = events.find(({ type }) => type === "step-failed");
      expect(JSON.stringify(failed)).toContain("node/node2");
      expect(identify(world.cluster.authority().active)).toEqual([OLD]);
    },
  );

  it("from init it goes back all the way, as the new key has signed nothing", async () => {
    const world = new World();
    world.cluster.ailments.set("node2", "stuck");
    await world.apply(desired([rotation("init")]));
    expect(world.cluster.authority().rotation.state).toBe("standby");
    expect(world.cluster.authority().trusted).toEqual([]);
    expect((await world.plan(desired([rotation("init")]))).outcome).toBe("blocked");
  });

  it("from update_clients it waits in rollback, where both keys are trusted, for the one that is stuck", async () => {
    const world = await walked("init");
    world.cluster.ailments.set("node2", "stuck");
    await world.apply(desired([rotation("update_clients")]));
    expect(world.cluster.authority().rotation.phase).toBe("rollback");
    world.cluster.ailments.delete("node2");
    // It ends the rollback, and says so: git still wants what failed.
    expect((await world.apply(desired([rotation("update_clients")]))).outcome).toBe("rolled-back");
    expect(world.cluster.authority().rotation.state).toBe("standby");
    expect(identify(world.cluster.authority().active)).toEqual([OLD]);
  });

  it("halts instead when the policy says so", async () => {
    const world = new World();
    world.cluster.ailments.set("node2", "stuck");
    const { outcome } = await world.apply(desired([rotation("init")], { onFailure: "halt" }));
    expect(outcome).toBe("blocked");
    expect(world.cluster.authority().rotation.phase).toBe("init");
  });

  it("a person who watches turns it back before its time is up, whatever the policy says", async () => {
    const world = await walked("init");
    world.cluster.ailments.set("node2", "stuck");
    const turnBack = AbortSignal.abort();
    const started = world.clock.now();
    const asked = await world.apply(desired([rotation("update_clients")], { onFailure: "halt" }), {
      turnBack,
    });
    expect(asked.outcome).toBe("rollback-unfinished");
    expect(JSON.stringify(asked.events)).toContain("a person asked for the rollback");
    expect(world.cluster.transitions.at(-1)).toContain("-rollback");
    expect(world.clock.now() - started).toBeLessThan(20 * 60_000);
  });

  it("never after the point of no return", async () => {
    const world = await walked("update_servers");
    world.cluster.ailments.set("node2", "stuck");
    const { outcome } = await world.apply(desired([rotation("standby")]));
    expect(outcome).toBe("blocked");
    expect(world.cluster.authority().rotation.phase).toBe("standby");
    world.cluster.ailments.delete("node2");
    expect((await world.apply(desired([rotation("standby")]))).outcome).toBe("applied");
    expect(world.store.record?.rotations[0]?.state).toBe("finished");
  });
});

describe("after an error the state decides, not the text (reference 1.8)", () => {
  it("an error after success is a success", async () => {
    const world = new World();
    world.cluster.failAfterSuccess = true;
    expect((await world.apply(desired([rotation("init")]))).outcome).toBe("applied");
  });

  it("a refusal is one clear error, and the next run can go on", async () => {
    const world = new World();
    world.cluster.refuse = "access denied";
    await expect(world.apply(desired([rotation("init")]))).rejects.toThrow(/access denied/);
    expect(world.cluster.authority().rotation.phase).toBe("standby");
    expect((await world.apply(desired([rotation("init")]))).outcome).toBe("applied");
  });
});

describe("SIGKILL at any call", () => {
  const commits = [...WALK.map((phase) => desired([rotation(phase)]))];

  async function undisturbed(): Promise<readonly string[]> {
    const world = new World();
    for (const commit of commits) await world.apply(commit);
    return world.cluster.transitions;
  }

  it.each(Array.from({ length: 40 }, (_, calls) => calls))("after call %i", async (calls) => {
    const world = new World();
    for (const commit of commits) {
      world.cluster.callsUntilKilled = calls;
      await world.apply(commit).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
      const { outcome } = await world.apply(commit);
      expect(["applied", "nothing-to-do"]).toContain(outcome);
    }
    expect(world.cluster.transitions).toEqual(await undisturbed());
    expect(world.store.record?.rotations[0]?.state).toBe("finished");
  });

  it.each(Array.from({ length: 30 }, (_, calls) => calls))("in a rollback, after call %i", async (calls) => {
    const world = await walked("update_servers");
    world.cluster.callsUntilKilled = calls;
    await world.apply(desired([rotation("rollback")])).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
    const { outcome } = await world.apply(desired([rotation("rollback")]));
    expect(["applied", "nothing-to-do"]).toContain(outcome);
    expect(identify(world.cluster.authority().active)).toEqual([OLD]);
    expect(world.cluster.authority().rotation.state).toBe("standby");
  });
});

describe("a CA that is kept in HSMs", () => {
  const SECOND = OTHER;

  async function walkedInHsms(last: Phase): Promise<World> {
    const world = new World();
    world.cluster.inHsms = true;
    for (const phase of WALK.slice(0, WALK.indexOf(last) + 1)) await world.apply(desired([rotation(phase)]));
    return world;
  }

  const introduced = (world: World) => world.store.record?.rotations[0]?.introduced ?? [];
  const movesOn = (world: World) => world.apply(desired([rotation("update_clients")]));

  /** Hides the new key from the looks whose numbers are given. */
  function blind(world: World, looksThatMiss: readonly number[]): void {
    const observe = world.cluster.observe.bind(world.cluster);
    let looks = 0;
    world.cluster.observe = async (scope) => {
      const seen = await observe(scope);
      if (scope.components !== "all" || !looksThatMiss.includes(++looks)) return seen;
      return { ...seen, authorities: seen.authorities.map((live) => ({ ...live, trusted: [] })) };
    };
  }

  it.each([
    ["both looks show its new key", [], "applied", ["host standby-init", "host init-update_clients"]],
    ["the second look does not", [2], "blocked", ["host standby-init"]],
  ] as const)("%s", async (_, looksThatMiss, outcome, transitions) => {
    const world = await walkedInHsms("init");
    blind(world, looksThatMiss);
    expect((await movesOn(world)).outcome).toBe(outcome);
    expect(world.cluster.transitions).toEqual(transitions);
  });

  it("an auth server that adds its own key between two runs is no stranger (reference 1.9)", async () => {
    const world = await walkedInHsms("init");
    const both = [...introduced(world), SECOND].toSorted();
    world.cluster.addTrusted(SECOND);
    const [rotating] = (await world.plan(desired([rotation("update_clients")]))).clusters[0]?.rotations ?? [];
    expect(rotating?.steps[0]?.guards.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
    expect(rotating?.keys.filter(({ role }) => role === "introduced")).toHaveLength(2);
    expect((await movesOn(world)).outcome).toBe("applied");
    expect(introduced(world)).toEqual(both);
    expect(identify(world.cluster.authority().active)).toEqual(both);
  });

  it.each(Array.from({ length: 12 }, (_, calls) => calls))(
    "its key comes after a run that was killed after call %i",
    async (calls) => {
      const world = new World();
      world.cluster.inHsms = true;
      world.cluster.callsUntilKilled = calls;
      await world.apply(desired([rotation("init")])).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
      if (world.cluster.authority().rotation.phase === "init") world.cluster.addTrusted(SECOND);
      expect(["applied", "nothing-to-do"]).toContain(
        (await world.apply(desired([rotation("init")]))).outcome,
      );
      expect((await movesOn(world)).outcome).toBe("applied");
      const { active, trusted } = world.cluster.authority();
      expect(introduced(world)).toEqual(identify(active));
      expect(identify(trusted)).toEqual([OLD]);
    },
  );

  it.each(Array.from({ length: 12 }, (_, calls) => calls))(
    "its key comes after update_clients was refused or killed after call %i",
    async (calls) => {
      const world = await walkedInHsms("init");
      world.cluster.callsUntilKilled = calls;
      if (calls === 0) {
        world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
        world.cluster.refuse = "access denied";
      }
      await movesOn(world).catch(() => {});
      world.cluster.callsUntilKilled = Number.POSITIVE_INFINITY;
      if (world.cluster.authority().rotation.phase === "init") world.cluster.addTrusted(SECOND);
      expect(["applied", "nothing-to-do"]).toContain((await movesOn(world)).outcome);
      expect(introduced(world)).toEqual(identify(world.cluster.authority().active));
    },
  );

  it("a key that comes after init is a stranger's", async () => {
    const world = await walkedInHsms("update_clients");
    world.cluster.addTrusted(SECOND);
    expect((await world.apply(desired([rotation("update_servers")]))).outcome).toBe("blocked");
    expect(introduced(world)).not.toContain(SECOND);
  });

  it("goes back with every key that was added", async () => {
    const world = await walkedInHsms("init");
    world.cluster.addTrusted(SECOND);
    expect((await world.apply(desired([rotation("rollback")]))).outcome).toBe("applied");
    expect(identify(world.cluster.authority().active)).toEqual([OLD]);
    expect(world.cluster.authority().trusted).toEqual([]);
  });
});

describe("a run that loses the lock", () => {
  it("stops, rolls nothing back, and says who has it", async () => {
    const world = new World();
    const taken = new Failure("locked", "this run lost the lock: ada took it over");
    world.cluster.ailments.set("node2", "stuck");
    const append = world.store.append.bind(world.store);
    world.store.append = async (entry) => {
      await append(entry);
      if (entry.what === "observed") world.store.lost.abort(taken);
    };
    await expect(world.apply(desired([rotation("init")]))).rejects.toBe(taken);
    expect(world.cluster.transitions).toEqual(["host standby-init"]);
    expect(world.store.released).toBe(1);
  });
});

describe("a plan that is not the approved one", () => {
  it("is refused under the lock, before anything is done", async () => {
    const world = new World();
    const stale = new Failure("stale", "the plan is stale");
    const refuse = () => {
      throw stale;
    };
    await expect(world.apply(desired([rotation("init")]), { accept: refuse })).rejects.toBe(stale);
    expect(world.cluster.transitions).toEqual([]);
    expect(world.store.journal).toEqual([]);
    expect(world.store.released).toBe(1);
  });
});

describe("a plan that is approved after a while", () => {
  it("is held against what was approved before once more", async () => {
    const world = new World();
    const stale = new Failure("stale", "the plan moved");
    let asked = 0;
    const accept = () => {
      asked += 1;
      if (asked > 1) throw stale;
      // A person who thinks: the approval comes right after.
      world.clock.pass(60_000);
      return new Map<string, Failure>();
    };
    await expect(world.apply(desired([rotation("init")]), { accept })).rejects.toBe(stale);
    expect(asked).toBe(2);
    expect(world.cluster.transitions).toEqual([]);
  });
});

describe("a backup of what the CAs are", () => {
  it("is kept before the first write, and once more before the old key goes", async () => {
    const world = await walked("standby");
    expect(world.store.backups.map(({ authorities }) => authorities[0]?.rotation.phase)).toEqual([
      "standby",
      "update_servers",
    ]);
    expect(identify(world.store.backups[0]?.authorities[0]?.active ?? [])).toEqual([OLD]);
    expect(world.store.record?.rotations[0]?.backup?.where).toBe("backup 2");
    expect(JSON.stringify(world.store.backups)).not.toContain("PRIVATE KEY");
  });

  it("that cannot be kept stops the run before it writes anything", async () => {
    const world = new World();
    const full = new Failure("storage", "no space is left");
    world.store.backup = async () => {
      throw full;
    };
    await expect(world.apply(desired([rotation("init")]))).rejects.toBe(full);
    expect(world.cluster.transitions).toEqual([]);
    expect(world.store.record).toBeNull();
  });
});
