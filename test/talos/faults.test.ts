import { readFile, writeFile } from "node:fs/promises";
import { generateIdentity } from "age-encryption";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { GuardId } from "../../src/rotation/plan.ts";
import { encodeBase64 } from "../../src/sandbox/values.ts";
import { keptKeys, withKeptKeys } from "../../src/talos/kept-keys.ts";
import { until } from "../sandbox/talos/harness.ts";
import { guardOf } from "../world/repository.ts";
import { TalosWorld } from "./world.ts";

const SMALL = { controlPlanes: 2, workers: 1 } as const;

describe("what stands in the way is seen, and nothing is changed", () => {
  it.each<readonly [string, string, GuardId, RegExp]>([
    ["offline", "worker-1", "inventory", /does not answer/],
    ["undiscovered", "controlplane-2", "inventory", /not listed among the members/],
    ["staged", "worker-1", "pending-config", /not in force/],
    ["clock-ahead", "controlplane-2", "clocks", /ahead of the one here/],
    ["time-unsynced", "controlplane-2", "clocks", /no synchronised clock/],
    ["foreign-ca", "controlplane-1", "foreign-cas", /somebody may be rotating/],
  ])("%s on %s: %s", async (fault, target, guard, message) => {
    const world = await TalosWorld.start("talos", SMALL);
    const { machines } = world.test.running;
    await world.test.running.fault({ target, fault });
    const first = machines.map(({ store }) => store.persistent);
    const plan = await world.plan(world.desired("init"));
    expect(plan.outcome).toBe("blocked");
    expect(
      guardOf(plan, guard)
        ?.findings.map((finding) => finding.message)
        .join(),
    ).toMatch(message);
    expect((await world.apply(world.desired("init"))).outcome).toBe("blocked");
    expect(world.applies).toBe(0);
    expect(machines.map(({ store }) => store.persistent)).toEqual(first);
    expect({ ...world.store.record }).not.toHaveProperty("talos");
  });

  it("a machine that does not answer is one finding", async () => {
    const world = await TalosWorld.start("talos", SMALL);
    await world.test.running.fault({ target: "worker-1", fault: "offline" });
    const plan = await world.plan(world.desired("init"));
    expect(guardOf(plan, "inventory")?.findings).toHaveLength(1);
  });

  it("a cluster without any time server shows its own clocks", async () => {
    const world = await TalosWorld.start("talos", SMALL);
    await world.test.running.fault({ target: "all", fault: "air-gapped" });
    expect((await world.plan(world.desired("init"))).outcome).toBe("ready");
    await world.test.running.fault({ target: "controlplane-2", fault: "clock-ahead" });
    const plan = await world.plan(world.desired("init"));
    expect(guardOf(plan, "clocks")?.findings).toMatchObject([
      {
        subject: `machine/${world.test.nodes[1]}`,
        message: expect.stringMatching(/its clock is 7(19|20)\d s ahead of the one here/),
      },
    ]);
  });

  it.each([
    ["1.13", "legacy"],
    ["1.14", "document"],
  ] as const)(
    "API servers at a port of their own are found there (%s, %s), and one that is silent is named beforehand",
    async (talos, layout) => {
      const world = await TalosWorld.start("kubernetes", {
        controlPlanes: 1,
        workers: 1,
        talos,
        layout,
        apiServerPort: 7443,
      });
      const server = `${world.test.endpoint}:7443`;
      // Somebody closes the way to it; the load balancer still leads to the API.
      world.answerInstead = ({ argv }) =>
        argv.includes(`https://${server}`) ? `dial tcp ${server}: connect: connection refused` : null;
      const plan = await world.plan(world.desired("init"));
      expect(guardOf(plan, "kubernetes-health")?.findings).toMatchObject([
        { subject: `apiserver/${server}` },
      ]);
      expect((await world.apply(world.desired("init"))).outcome).toBe("blocked");
      expect(world.applies).toBe(0);
      world.answerInstead = null;
      await world.walk("standby");
      expect(world.states()).toEqual(["N", "N"]);
    },
  );

  it("the reason why a machine refuses a configuration is told", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 1, workers: 1 });
    world.answerInstead = ({ argv }) =>
      argv.includes("apply-config")
        ? "10.0.0.2: error applying configuration: rpc error: code = InvalidArgument desc = 1 error occurred:\n\t* issuing CA key is required for controlplane nodes (.machine.ca.key)\n\n"
        : null;
    await expect(world.apply(world.desired("init"))).rejects.toThrow(
      "desc = issuing CA key is required for controlplane nodes (.machine.ca.key)",
    );
  });

  it("a shared address as the first of a member is none of the inventory's", async () => {
    const world = await TalosWorld.start("talos", SMALL);
    await world.test.running.fault({ target: "all", fault: "vip-first" });
    expect((await world.plan(world.desired("init"))).outcome).toBe("ready");
  });

  it("an older talosctl, and a reader", async () => {
    const world = await TalosWorld.start("talos", { ...SMALL, talos: "1.14", client: "1.13" });
    const plan = await world.plan(world.desired("init"));
    expect(guardOf(plan, "version")?.outcome).toBe("fail");
  });

  it("the configuration of the first day, applied again when all was over", async () => {
    const world = await TalosWorld.start("talos", SMALL);
    await world.walk("standby");
    await world.test.running.fault({ target: "worker-1", fault: "stale-config" });
    const plan = await world.plan(world.desired("standby"));
    expect(plan.outcome).toBe("blocked");
    expect(guardOf(plan, "machine-states")?.findings[0]?.remedy).toContain("(S2)");
    expect(world.states()).toEqual(["N", "N", "O"]);
  });
});

describe("what goes wrong on the way", () => {
  it.each(["error-after-success", "timeout-after-success"])(
    "%s: what the machine says decides",
    async (fault) => {
      const world = await TalosWorld.start("talos", SMALL);
      world.callTimeoutMs = 4_000;
      await world.test.running.fault({ target: "controlplane-2", fault });
      await world.walk("init");
      expect(world.states()).toEqual(["ON", "ON", "ON"]);
      expect(world.applies).toBe(2);
    },
  );

  it("a machine that does not follow: by policy the way back, byte by byte", async () => {
    const world = await TalosWorld.start("talos", SMALL);
    const first = world.test.running.machines.map(({ store }) => store.active);
    await world.walk("update_clients");
    const { resource } = world;
    world.resource = { ...resource, policy: { ...resource.policy, phaseTimeoutMs: 5_000 } };
    await world.test.running.fault({ target: "worker-1", fault: "stuck" });
    // The way back cannot be proven on it either, and that is said.
    await expect(world.apply(world.desired("update_servers"))).rejects.toThrow(/still accepted/);
    expect(world.printed.at(-1)).toContain("rollback-started");
    expect(await world.store.load(world.resource.name)).toMatchObject({
      rotations: [{ state: "rolling_back" }],
    });
    await world.test.running.fault({ target: "worker-1", fault: "clear" });
    world.resource = resource;
    await world.walk("rollback");
    expect(world.test.running.machines.map(({ store }) => store.active)).toEqual(first);
  });

  it("the first control plane of a swap does not follow: nothing lasts", async () => {
    const world = await TalosWorld.start("talos", SMALL);
    await world.walk("update_clients");
    const { resource } = world;
    world.resource = { ...resource, policy: { ...resource.policy, phaseTimeoutMs: 5_000 } };
    await world.test.running.fault({ target: "controlplane-1", fault: "stuck" });
    await expect(world.apply(world.desired("update_servers"))).rejects.toThrow(/did not follow/);
    const [first] = world.test.running.machines;
    expect(first?.store.persistent).toContain("acceptedCAs");
    await until("the revert of the try", () => first?.store.active === first?.store.persistent);
    expect((await world.observe(world.desired("update_servers"))).authorities[0]?.rotation.phase).toBe(
      "update_clients",
    );
  });

  it("a record that was lost: the old key is sealed again while a machine has it", async () => {
    const world = await TalosWorld.start("talos", SMALL);
    await world.walk("init");
    world.store.record = null;
    const plan = await world.plan(world.desired("init"));
    expect(plan.clusters[0]?.rotations[0]?.live_phase).toBe("init");
    const { outcome } = await world.apply(world.desired("update_clients"));
    expect(outcome).toBe("applied");
    expect(world.store.record).toMatchObject({ talos: [{ reached: "update_clients" }] });
  });
});

describe("clusters that are not ours to rotate", () => {
  it("a talosconfig of Omni is refused before anything is asked", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 1, workers: 0 });
    const { talosconfig } = world.talos;
    const text = await readFile(talosconfig, "utf8");
    await writeFile(
      talosconfig,
      text.replace(/^( +)crt:/m, "$1auth: { siderov1: { identity: me@example.com } }\n$1crt:"),
    );
    await expect(world.observe(world.desired("init"))).rejects.toThrow(/belongs to an Omni cluster/);
    expect(world.calls).toEqual([]);
  });

  it("duplicates are drift that blocks nothing, and are gone after the next step", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 1, workers: 1 });
    const [machine] = world.test.running.machines;
    const { crt } = world.test.running.secrets.talos;
    const text = machine?.store.active.replace(
      /(machine:[\s\S]*?\n)( {4}# Extra certificate)/,
      `$1    acceptedCAs: [{crt: ${encodeBase64(crt)}}]\n$2`,
    );
    machine?.store.replace(text ?? "");
    const plan = await world.plan(world.desired("init"));
    expect(plan.clusters[0]?.drift).toMatchObject([{ id: "duplicate-ca", blocks: false }]);
    expect(plan.outcome).toBe("ready");
    await world.walk("init");
    expect(world.states()).toEqual(["ON", "ON"]);
  });
});

describe("surroundings", () => {
  it("works through the endpoints that are named, where machines cannot be reached themselves", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 2, workers: 1 });
    const [, second = ""] = world.test.controlPlanes;
    world.resource = { ...world.resource, connection: { ...world.talos, endpoints: [second] } };
    await world.walk("standby");
    expect(world.states()).toEqual(["N", "N", "N"]);
    const endpoints = world.calls.flatMap(({ argv }) => {
      const at = argv.indexOf("--endpoints");
      return at < 0 ? [] : [argv[at + 1]];
    });
    expect(new Set(endpoints)).toEqual(new Set([second]));
  });

  it("changes nothing before the old key is safe", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 1, workers: 1 });
    const save = world.store.save.bind(world.store);
    // A disk that is full when it comes to the keys.
    world.store.save = async (record) => {
      if (keptKeys(record).length > 0) throw new Failure("storage", "no space left");
      await save(record);
    };
    await expect(world.apply(world.desired("init"))).rejects.toThrow(/no space left/);
    expect(world.applies).toBe(0);
    // One that keeps something else than it was given.
    world.store.save = async (record) => {
      await save(
        withKeptKeys(
          record,
          keptKeys(record).map((keys) => ({ ...keys, old_key: "lost" })),
        ),
      );
    };
    await expect(world.apply(world.desired("init"))).rejects.toThrow(/cannot be read back/);
    expect(world.applies).toBe(0);
    expect(world.states()).toEqual(["O", "O"]);
  });

  it("refuses a next CA whose key cannot be opened, in the plan", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 1, workers: 0 });
    world.identity = await generateIdentity();
    const plan = await world.plan(world.desired("init"));
    expect(guardOf(plan, "backup")?.findings[0]?.message).toMatch(/sealed for somebody else/);
    expect((await world.apply(world.desired("init"))).outcome).toBe("blocked");
    expect(world.applies).toBe(0);
  });
});
