import { afterEach, describe, expect, it } from "vitest";
import type { RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { TimelessTeleport } from "../sandbox/harness.ts";
import { rotation } from "../world/host-rotation.ts";
import { guardOf } from "../world/repository.ts";
import { SandboxWorld } from "../world/sandbox.ts";

let root: SandboxWorld;
let leaf: TimelessTeleport;
afterEach(async () => {
  await root.stop();
  await leaf.platform.stop();
});

const LEAF = "leaf.acme.cluster";

async function start(release: "5" | "18"): Promise<(phase: Phase) => RotationResource> {
  ({ root, leaf } = await SandboxWorld.startPair({ release, nodes: 1 }));
  const { active } = await root.keys("host");
  return (phase) => rotation(phase, { authorities: [{ type: "host", retire: active }] });
}

async function findingOn(resource: RotationResource) {
  const verdict = guardOf(await root.plan([resource]), "trusted-clusters");
  return verdict?.findings.find(({ subject }) => subject === `cluster/${LEAF}`)?.message ?? null;
}

/** The tunnel as it really is, not as a listing shows it. */
function tunnel(): string | undefined {
  return root.teleport.platform.status().trust?.tunnel;
}

describe("a root does not lose its leaf", () => {
  // Version 5 looks every ten minutes: in the recording that cost the leaf, at 24 s a phase.
  it.each([
    ["5", 660],
    ["18", 60],
  ] as const)("version %s: every phase waits for the leaf's copy", async (release, syncSeconds) => {
    const commit = await start(release);
    const before = await root.keys("host");
    for (const phase of ["init", "update_clients", "update_servers", "standby"] as const) {
      const first = await root.apply([commit(phase)]);
      if (phase !== "init") {
        // The copy is still of the phase before.
        expect(first.outcome, phase).toBe("blocked");
        const message = await findingOn(commit(phase));
        expect(message).toMatch(/its copy of the host CA is in \w+, not \w+/);
        expect(message).toMatch(new RegExp(`it trusts .*${before.active[0]}`));
        expect(message).toMatch(/its last heartbeat is \d+ seconds old/);
        await root.teleport.pass(syncSeconds);
        expect((await root.apply([commit(phase)])).outcome, phase).toBe("applied");
      } else expect(first.outcome).toBe("applied");
    }
    await root.teleport.pass(syncSeconds + 120);
    expect(tunnel()).toBe("up");
    expect((await root.keys("host")).active).not.toEqual(before.active);
  });

  it("a leaf that is off in init holds it there, by name and by the age of its heartbeat", async () => {
    const commit = await start("18");
    await root.apply([commit("init")]);
    await leaf.platform.fault({ target: "leaf", fault: "offline" });
    await root.teleport.pass(20 * 60);
    expect((await root.apply([commit("update_clients")])).outcome).toBe("blocked");
    const message = await findingOn(commit("update_clients"));
    expect(message).toMatch(/^cannot be asked \(.*Cannot connect to the auth server/);
    expect(message).toContain("nobody states host/init/trusted-clusters");
    expect(message).toMatch(/no sign of life since then: its last heartbeat is 2\d minutes old/);

    await leaf.platform.fault({ target: "leaf", fault: "clear" });
    await root.teleport.pass(180);
    expect((await root.apply([commit("update_clients")])).outcome).toBe("applied");
    expect(tunnel()).toBe("up");
  });

  it("a leaf that is off before is missed before anything is started", async () => {
    const commit = await start("18");
    await leaf.platform.fault({ target: "leaf", fault: "offline" });
    await root.teleport.pass(10 * 60);
    expect((await root.apply([commit("init")])).outcome).toBe("blocked");
    expect(await findingOn(commit("init"))).toMatch(
      /^seems to be off: its last heartbeat is 1\d minutes old/,
    );
    expect(root.rotations).toEqual([]);
  });
});
