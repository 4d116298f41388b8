import { afterEach, describe, expect, it } from "vitest";
import type { Policy, RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { ClusterOptions } from "../../src/sandbox/teleport/cluster-options.ts";
import { rotation } from "../world/host-rotation.ts";
import { KillSwitch } from "../world/kill-points.ts";
import { SandboxWorld } from "../world/sandbox.ts";

let world: SandboxWorld;
afterEach(async () => world.stop());

/** The sandbox, with the real platform code in front of it, and what git says of its host CA. */
async function started(
  options: Partial<ClusterOptions> = {},
  policy: Partial<Policy> = {},
): Promise<(phase: Phase) => RotationResource> {
  world = await SandboxWorld.start(options, { phaseTimeoutMs: 60_000, ...policy });
  const { active } = await world.keys("host");
  return (phase) => rotation(phase, { authorities: [{ type: "host", retire: active }] });
}

/** The sandbox's own view: who was cut off, as no key that the CA still has signed its certificate. */
function cutOff(): readonly string[] {
  return world.teleport.platform
    .status()
    .components.flatMap(({ name, problem }) => (problem === null ? [] : [name]));
}

async function phase(): Promise<string | undefined> {
  return world.teleport.platform.status().authorities.find(({ type }) => type === "host")?.phase;
}

/** Everybody follows; then node2 hangs for good, with whatever certificate it has. */
async function nodeHangs(): Promise<void> {
  await world.teleport.pass(60);
  await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
}

/** Nothing is dropped that somebody lives by, and capstan does not say that it is done. */
async function expectNobodyCutOff(outcome: string): Promise<void> {
  await world.teleport.pass(60);
  expect(cutOff()).toEqual([]);
  expect(outcome).not.toBe("applied");
  expect(await phase()).toBe("rollback");
}

/** The process ends after so many looks, writes of the record, and entries of the journal. */
async function killedAfter(calls: number, wanted: RotationResource): Promise<boolean> {
  const kill = new KillSwitch();
  const { store, seen } = world;
  const save = store.save.bind(store);
  const append = store.append.bind(store);
  world.seen = (observation) => {
    kill.before();
    return seen(observation);
  };
  store.save = (record) => kill.around(() => save(record));
  store.append = (entry) => kill.around(() => append(entry));
  try {
    return await kill.killedAt(calls + 1, "before", () => world.apply([wanted]));
  } finally {
    Object.assign(store, { save, append });
    world.seen = seen;
  }
}

describe("absence is no evidence: nobody who lives by the key that goes is cut off", () => {
  it("Ctrl-C while update_clients is read back, and the mind is changed", async () => {
    const at = await started();
    await world.apply([at("init")]);
    const interrupt = new AbortController();
    await world.apply([at("update_clients")], {
      signal: interrupt.signal,
      onEvent: ({ type }) => {
        if (type === "transition-requested") interrupt.abort();
      },
    });
    await nodeHangs();
    await expectNobodyCutOff((await world.apply([at("rollback")])).outcome);
  });

  it.each([3, 5, 6, 8, 12])(
    "SIGKILL after %i calls of update_clients, and the mind is changed",
    async (calls) => {
      const at = await started();
      await world.apply([at("init")]);
      expect(await killedAfter(calls, at("update_clients"))).toBe(true);
      await nodeHangs();
      const used = (await phase()) === "update_clients";
      const { outcome } = await world.apply([at("rollback")]);
      if (used) await expectNobodyCutOff(outcome);
      expect(cutOff()).toEqual([]);
    },
  );

  it.each([3, 5, 8])("SIGKILL after %i calls of a rollback out of update_clients", async (calls) => {
    const at = await started();
    await world.apply([at("init")]);
    await world.apply([at("update_clients")]);
    await nodeHangs();
    expect(await killedAfter(calls, at("rollback"))).toBe(true);
    await world.teleport.pass(60);
    await expectNobodyCutOff((await world.apply([at("rollback")])).outcome);
  });

  it("a phase by hand", async () => {
    const at = await started();
    await world.apply([at("init")]);
    await world.teleport.rotate("host", "update_clients");
    await nodeHangs();
    await expectNobodyCutOff((await world.apply([at("rollback")])).outcome);
  });

  it("a phase and the rollback by hand", async () => {
    const at = await started();
    await world.apply([at("init")]);
    await world.teleport.rotate("host", "update_clients");
    await nodeHangs();
    await world.teleport.rotate("host", "rollback");
    await world.teleport.pass(60);
    await expectNobodyCutOff((await world.apply([at("rollback")])).outcome);
  });

  it("an automatic clock that somebody started", async () => {
    const at = await started();
    await world.apply([at("init")]);
    await world.teleport.ok("auth", "rotate", "--type=host", "--phase=update_clients");
    await nodeHangs();
    await expectNobodyCutOff((await world.apply([at("rollback")])).outcome);
  });

  it("no record at all: who is there is taken for nobody's roster", async () => {
    const at = await started();
    await world.apply([at("init")]);
    await world.apply([at("update_clients")]);
    await nodeHangs();
    await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
    world.store.record = null;
    await expectNobodyCutOff((await world.apply([at("rollback")], { final: false })).outcome);
  });

  it("control: when the node comes back, the rollback ends, and nobody is cut off", async () => {
    const at = await started();
    await world.apply([at("init")]);
    await world.teleport.rotate("host", "update_clients");
    await nodeHangs();
    await expectNobodyCutOff((await world.apply([at("rollback")])).outcome);
    await world.teleport.platform.fault({ target: "node2", fault: "clear" });
    await world.teleport.pass(60);
    expect((await world.apply([at("rollback")])).outcome).toBe("applied");
    expect(await phase()).toBe("standby");
    expect(cutOff()).toEqual([]);
  });
});

describe("absence is no evidence: Teleport 5, where a rollback out of init ends with the new key", () => {
  it("a node that does not follow in init is not cut off: the rotation stays there", async () => {
    const at = await started({ release: "5" }, { onFailure: "rollback" });
    await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
    const { outcome, message } = await world.apply([at("init")]);
    expect(outcome).toBe("blocked");
    expect(message).toContain("stays in init");
    expect(message).toContain("node/node2");
    expect(await phase()).toBe("init");
    await world.teleport.platform.fault({ target: "node2", fault: "clear" });
    await world.teleport.pass(60);
    expect((await world.apply([at("init")])).outcome).toBe("applied");
    expect(cutOff()).toEqual([]);
  });

  it("a node that never saw the new key is not cut off by a rollback that git asks for: it takes a waiver", async () => {
    const at = await started({ release: "5" });
    await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
    await world.apply([at("init")]);
    const { outcome, message } = await world.apply([at("rollback")]);
    await world.teleport.pass(60);
    expect(cutOff()).toEqual([]);
    expect(await phase()).toBe("init");
    expect(outcome).toBe("blocked");
    expect(message).toContain("roster");
    const [step] = (await world.plan([at("rollback")])).clusters[0]?.rotations[0]?.steps ?? [];
    const findings = step?.guards.flatMap((guard) => guard.findings) ?? [];
    expect(findings.map(({ subject }) => subject)).toContain("node/node2");
    expect(JSON.stringify(findings)).toContain("has the new key sign, which it does not trust yet");
    await world.teleport.platform.fault({ target: "node2", fault: "clear" });
    await world.teleport.pass(60);
    await world.apply([at("rollback")]);
    expect(await phase()).toBe("standby");
    expect(cutOff()).toEqual([]);
  });

  it("a rollback that git asks for says which key goes, and waits for the node", async () => {
    const at = await started({ release: "5" });
    await world.apply([at("init")]);
    const before = await world.keys("host");
    await world.teleport.platform.fault({ target: "node2", fault: "stuck" });
    const [into, out] = (await world.plan([at("rollback")])).clusters[0]?.rotations[0]?.steps ?? [];
    expect(into?.undo).toContain("cannot be undone");
    expect(out?.why).toContain("The old key is dropped, not the new one");
    expect(out?.point_of_no_return).toBe(true);
    const { outcome } = await world.apply([at("rollback")]);
    await expectNobodyCutOff(outcome);
    await world.teleport.platform.fault({ target: "node2", fault: "clear" });
    await world.teleport.pass(60);
    await world.apply([at("rollback")]);
    expect(await phase()).toBe("standby");
    expect((await world.keys("host")).active).toEqual(before.trusted);
    expect(cutOff()).toEqual([]);
    // The keys say that the rotation has finished, and so does the record.
    expect(world.store.record?.rotations.at(-1)?.state).toBe("finished");
    const [refused] = (await world.plan([at("rollback")])).clusters[0]?.rotations[0]?.steps ?? [];
    expect(refused?.guards[0]?.findings[0]?.remedy).toContain("capstan rotate finish");
  });
});
