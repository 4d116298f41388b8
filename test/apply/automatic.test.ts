import { afterEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import type { Policy, RotationResource } from "../../src/resources/model/desired.ts";
import type { ConsumerObservation } from "../../src/rotation/observation.ts";
import type { ClusterOptions } from "../../src/sandbox/teleport/cluster-options.ts";
import { CLUSTER, rotation } from "../world/host-rotation.ts";
import { SandboxWorld } from "../world/sandbox.ts";

let world: SandboxWorld;
afterEach(async () => world.stop());

const MINUTE = 60_000;

/** A cluster, and a rotation that git wants its clock to walk within twelve minutes. */
async function automatic(
  type = "host",
  policy: Partial<Policy> = {},
  options: Partial<ClusterOptions> = {},
): Promise<RotationResource> {
  world = await SandboxWorld.start(options, { phaseTimeoutMs: MINUTE, ...policy });
  const { active } = await world.keys(type);
  return rotation("standby", {
    authorities: [{ type, retire: active }],
    mode: "auto",
    gracePeriodMs: 12 * MINUTE,
  });
}

const START = "--type=host --grace-period=12m";

function waits(events: readonly RunEvent[]) {
  return events.filter((event) => event.type === "waiting");
}

describe("a rotation by the clock", () => {
  it("is started once with approval for its end, watched through every phase, and never pushed", async () => {
    const wanted = await automatic();
    expect((await world.apply([wanted], { final: false })).outcome).toBe("blocked");
    expect(world.rotations).toEqual([]);
    const before = await world.keys("host");
    const { outcome, events } = await world.apply([wanted]);
    expect(outcome).toBe("applied");
    expect(world.rotations).toEqual([START]);
    const after = await world.keys("host");
    expect(after.active).not.toEqual(before.active);
    expect(after.trusted).toEqual([]);
    const entered = events.filter((event) => event.type === "transition-observed").map(({ phase }) => phase);
    expect(entered).toEqual(["init", "update_clients", "update_servers", "standby"]);
    const notices = events.flatMap((event) => (event.type === "notice" ? [event.message] : []));
    expect(notices.map((message) => message.replace(/ until .*; then the platform/, ""))).toEqual([
      "host stays in init goes on to update_clients by itself",
      "host stays in update_clients goes on to update_servers by itself",
      "host stays in update_servers goes on to standby by itself",
    ]);
    // Between two looks it says where it stands and when the clock goes on.
    const started = Date.parse(events[0]?.at ?? "");
    const deadlines = waits(events)
      .filter(({ laggards }) => laggards.length === 0)
      .map(({ phase, deadline }) => [phase, Math.round((Date.parse(deadline) - started) / MINUTE)] as const);
    for (const [phase, minutes] of [
      ["init", 4],
      ["update_clients", 8],
      ["update_servers", 12],
    ] as const) {
      expect(deadlines).toContainEqual([phase, minutes]);
    }
  });

  it("goes back before the old CA is dropped when a node is stuck", async () => {
    const wanted = await automatic();
    const before = await world.keys("host");
    await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
    const { outcome, message } = await world.apply([wanted]);
    expect(outcome).not.toBe("applied");
    expect(message).toContain("node/node2");
    // The clock may have gone on right before: nothing is dropped until the stuck node is seen in rollback.
    expect(world.rotations).toEqual([START, "--manual --type=host --phase=rollback"]);
    expect((await world.keys("host")).active).toEqual(before.active);
    await world.teleport.platform.fault({ target: "node2", fault: "clear" });
    await world.apply([{ ...wanted, phase: "rollback" }]);
    expect(world.rotations.at(-1)).toBe("--manual --type=host --phase=standby");
    expect(await world.keys("host")).toEqual(before);
  });

  it.each(["rollback", "halt"] as const)(
    "where a rollback out of init would cut a node off, it is turned back when the clock has left init: %s",
    async (onFailure) => {
      const wanted = await automatic("host", { onFailure }, { release: "5" });
      const before = await world.keys("host");
      await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
      const { outcome, message } = await world.apply([wanted]);
      expect(outcome).not.toBe("applied");
      expect(message).toContain("node/node2");
      expect(world.rotations.at(-1)).toBe("--manual --type=host --phase=rollback");
      expect((await world.keys("host")).active).toEqual(before.active);
      const { components } = world.teleport.platform.status();
      expect(components.filter(({ problem }) => problem !== null)).toEqual([]);
      // Nothing moves by itself any more.
      const live = (await world.observe()).authorities.find(({ type }) => type === "host");
      expect(live?.rotation).toMatchObject({ phase: "rollback", mode: "manual" });
    },
  );

  it("goes back when a node is lost after a phase was verified", async () => {
    const wanted = await automatic();
    const before = await world.keys("host");
    let lost = false;
    world.seen = (observation) => {
      const phase = observation.authorities.find(({ type }) => type === "host")?.rotation.phase;
      if (phase === "update_clients" && !lost) {
        lost = true;
        void world.teleport.platform.fault({ target: "node2", fault: "offline", expired: true });
      }
      return observation;
    };
    const { outcome, message } = await world.apply([wanted]);
    expect(outcome).toBe("rollback-unfinished");
    expect(message).toContain("node/node2");
    expect((await world.keys("host")).active).toEqual(before.active);
  });

  it("is taken into manual hands where the policy halts, and the journal says so", async () => {
    const wanted = await automatic("host", { onFailure: "halt" });
    await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
    const { outcome, message } = await world.apply([wanted]);
    expect(outcome).toBe("blocked");
    expect(message).toContain("taken out of automatic mode by rollback");
    expect(world.rotations).toEqual([START, "--manual --type=host --phase=rollback"]);
    const taken = world.store.journal.filter(({ to }) => to === "rollback");
    expect(taken.map(({ from, what }) => [from, what])).toEqual([
      ["init", "intended"],
      ["init", "observed"],
      ["init", "failed"],
    ]);
    expect(taken[0]?.detail).toMatch(/node\/node2/);
    const live = (await world.observe()).authorities.find(({ type }) => type === "host");
    expect([live?.rotation.mode, live?.rotation.phase]).toEqual(["manual", "rollback"]);
  });
});

describe("work by hand in a rotation by the clock", () => {
  const gateway: Omit<ConsumerObservation, "trusts"> = {
    authority: "openssh",
    consumer: "gateway",
    kind: "file",
    uses: "unknown",
    detail: "seen.",
  };

  /** Sshd's that trust what they are told to in time, or not. */
  async function watched(trustsNewFrom: number): Promise<Awaited<ReturnType<SandboxWorld["apply"]>>> {
    const wanted = await automatic("openssh");
    world.authorities = [
      {
        cluster: CLUSTER,
        type: "openssh",
        source: { file: "authorities.yaml", line: 1 },
        activeKeys: wanted.authorities[0]?.retire ?? [],
        maxAgeMs: null,
        trustConsumers: [{ kind: "file", name: "gateway", path: "keys.pub", deadlineMs: null }],
      },
    ];
    const started = world.clock.now();
    world.seen = (observation) => ({
      ...observation,
      surroundings: {
        peers: [],
        pins: [],
        consumers: [
          {
            ...gateway,
            trusts: { old: "yes", new: world.clock.now() - started >= trustsNewFrom ? "yes" : "no" },
          },
        ],
      },
    });
    return await world.apply([wanted]);
  }

  it("has the time until shortly before the next phase", async () => {
    const { outcome, message, events } = await watched(2 * MINUTE);
    expect([outcome, message]).toEqual([
      "applied",
      "everything that was planned is done. One edit is due in git: `capstan rotate finish openssh`, then a commit",
    ]);
    const seen = waits(events).flatMap(({ phase, probes = [] }) =>
      probes.map(({ subject, ready }) => [phase, subject, ready]),
    );
    expect(seen).toContainEqual(["init", "file/gateway", false]);
    expect(seen).toContainEqual(["init", "file/gateway", true]);
  });

  it("turns the rotation back when it is not done by then", async () => {
    const { outcome, message } = await watched(10 * MINUTE);
    expect(outcome).toBe("rolled-back");
    expect(message).toContain("trust-consumers would not: consumer/gateway");
    expect(world.rotations[1]).toBe("--manual --type=openssh --phase=rollback");
  });
});
