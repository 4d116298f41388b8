import { afterEach, describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { Waiver } from "../../src/resources/model/desired.ts";
import { FORWARD, type Phase } from "../../src/rotation/phase.ts";
import { Connections } from "../world/connections.ts";
import { rotation } from "../world/host-rotation.ts";
import { SandboxWorld } from "../world/sandbox.ts";
import { seededNumbers } from "../world/seeded-numbers.ts";

/** Pairs that call each other whenever something has changed; `npm run soak` has all of them do it. */
const PAIRS = Number(process.env["CAPSTAN_PAIRS"] ?? 3);
const FAULTS = Number(process.env["CAPSTAN_FAULTS"] ?? 3);
const RELEASES = (["18", "11", "5"] as const).slice(0, Number(process.env["CAPSTAN_RELEASES"] ?? 1));
const SEED = 20_261_130;

/** Certificates are judged by the real clock: none of them may be of a time to come. */
const YESTERDAY = Date.now() - 86_400_000;

let world: SandboxWorld;
let connections: Connections;
afterEach(async () => world.stop());

type Want = (phase: Phase, waive?: readonly Waiver[]) => Promise<string>;

/** Everybody has a port, and calls everybody else from now on. What it gives is a run of apply, and how it ended. */
async function begin(release: (typeof RELEASES)[number], seed = SEED): Promise<Want> {
  const policy = { phaseTimeoutMs: 600_000 };
  world = await SandboxWorld.start({ release, seed, endpoints: 32 }, policy, {}, YESTERDAY);
  connections = new Connections(world, seed, PAIRS);
  const { active } = await world.keys("host");
  return async (phase, waive = []) => {
    const authorities = [{ type: "host", retire: active }];
    const wanted = rotation(phase, { authorities, waive, contentHash: `content-${phase}-${waive.length}` });
    const outcome = await world.apply([wanted]).then(
      (run) => run.outcome,
      (error: unknown) => {
        if (error instanceof Failure) return error.code;
        throw error;
      },
    );
    await world.teleport.pass(30);
    return outcome;
  };
}

const phaseNow = () => world.teleport.authority("host").phase;

/** As people do who are told to run it again; ends where it wants to be, or back in standby. */
async function insist(want: Want, phase: Phase): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (let runs = 0; runs < 8; runs += 1) {
    outcomes.push(await want(phaseNow() === "rollback" ? "rollback" : phase));
    const there = phase === "rollback" ? "standby" : phase;
    if (outcomes.at(-1) === "applied" && [there, "standby"].includes(phaseNow())) break;
    await world.teleport.pass(120);
  }
  return outcomes;
}

function expectNoneFailed(story = ""): void {
  expect(connections.failed, story).toEqual([]);
  expect(connections.made).toBeGreaterThan(20);
  if (process.env["CAPSTAN_PAIRS"] === undefined) return;
  process.stderr.write(
    `${connections.made} connections, none failed: ${expect.getState().currentTestName}\n`,
  );
}

describe.each(RELEASES)(
  "components of Teleport %s call each other all the time, and none fails",
  (release) => {
    it("in a whole rotation", async () => {
      const want = await begin(release);
      for (const phase of FORWARD) {
        await insist(want, phase);
        expect(phaseNow()).toBe(phase);
      }
      expectNoneFailed();
    });

    it.each(FORWARD.slice(0, -1))("in a rollback out of %s", async (last) => {
      const want = await begin(release);
      for (const phase of FORWARD.slice(0, FORWARD.indexOf(last) + 1)) await insist(want, phase);
      expect(phaseNow()).toBe(last);
      await insist(want, "rollback");
      expect(phaseNow()).toBe("standby");
      expectNoneFailed();
    });
  },
);

describe("nor does one whatever happens meanwhile", () => {
  const OF_COMPONENTS = ["offline", "slow", "stuck", "flapping", "reborn"] as const;
  const OF_CALLS = [
    "error-after-success",
    "truncated",
    "denied",
    "unreachable",
    "reloading",
    "stale",
  ] as const;
  const COMPONENTS = ["node1", "node2", "node3", "app1", "db1", "proxy1", "turing"];

  it.each(Array.from({ length: FAULTS }, (_, index) => index))("at random, %i", async (index) => {
    const random = seededNumbers(SEED + index);
    const one = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)] as T;
    const [fault, target] =
      random() < 0.6 ? [one(OF_COMPONENTS), one(COMPONENTS)] : ([one(OF_CALLS), "tctl"] as const);
    const want = await begin("18", SEED + index);
    const { platform, clock } = world.teleport;
    const begins = random() * 150_000;
    clock.after(begins, () => void platform.fault({ target, fault, forMs: 60_000 }));
    clock.after(begins + 30_000 + random() * 400_000, () => void platform.fault({ target, fault: "clear" }));
    const story: string[] = [`${fault} of ${target}`];
    for (const phase of FORWARD) {
      story.push(`${phase}: ${(await insist(want, phase)).join(", ")}`);
      if (phaseNow() === "standby") break;
    }
    expect(phaseNow(), story.join("; ")).toBe("standby");
    expectNoneFailed(story.join("; "));
  });
});

describe("they can fail: a node is held back, and what holds the rotation for it is waived", () => {
  const waive = (["roster", "components-ready"] as const).map((guard) => ({
    guard,
    subject: "node/node2",
    reason: "it is said to be scrapped",
    expires: "2100-01-01T00:00:00.000Z",
  }));

  const stick = () => world.teleport.platform.fault({ target: "node2", fault: "stuck" });
  /** In the end every pair calls, and the first phase is told in which one could not. */
  async function firstFailure(): Promise<string | undefined> {
    const all = new Connections(world, SEED, 1_000);
    await all.make();
    const failed = [...connections.failed, ...all.failed];
    for (const { from, to } of failed) expect([from, to]).toContain("node2");
    return failed[0]?.phase;
  }

  it.each([
    ["it never heard of the new key, by which it is called", "update_clients", []],
    ["it serves with the old key, and calls by it", "standby", ["init"]],
    ["it serves with the old key, and calls by the new one", "standby", ["init", "update_clients"]],
    ["it has all that it needs", "no phase", ["init", "update_clients", "update_servers"]],
  ] as const)("%s: the first fails in %s", async (_, fails, before) => {
    const want = await begin("18");
    for (const phase of before) await want(phase);
    await stick();
    for (const phase of FORWARD.slice(before.length)) expect(await want(phase, waive), phase).toBe("applied");
    expect((await firstFailure()) ?? "no phase").toBe(fails);
  });

  it("a rollback drops the new key, by which it lives: the first fails in standby", async () => {
    const want = await begin("18");
    for (const phase of FORWARD.slice(0, 3)) await want(phase);
    await stick();
    expect(await want("rollback", waive)).toBe("applied");
    expect(await firstFailure()).toBe("standby");
  });

  it("a node that reports what it has not done is believed: the first fails in standby", async () => {
    const want = await begin("18");
    await world.teleport.platform.fault({ target: "node2", fault: "lying" });
    for (const phase of FORWARD.slice(0, -1)) expect(await want(phase)).toBe("applied");
    // Its row says nothing any more once it is cut off, and that is told.
    expect(await want("standby")).toBe("blocked");
    expect(await firstFailure()).toBe("standby");
  });
});
