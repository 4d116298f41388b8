import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Backup } from "../../src/resources/model/desired.ts";
import type { Fingerprint } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { Identities } from "../../src/sealing/identities.ts";
import { unseal } from "../../src/sealing/seal.ts";
import { rotation } from "../world/host-rotation.ts";
import { SandboxWorld } from "../world/sandbox.ts";

/** Its rotation needs no statement of a person here. */
const TYPE = "host";

let world: SandboxWorld;
let ada: Identities;
let sealing: Backup;
beforeAll(async () => {
  const key = await generateIdentity();
  ada = { keys: [key], from: "ada" };
  sealing = { by: "seal", recipients: [await identityToRecipient(key)] };
});
afterEach(async () => world.stop());

async function commit(phase: Phase) {
  if (phase === "init") retired = (await world.keys(TYPE)).active;
  return rotation(phase, { authorities: [{ type: TYPE, retire: retired }], contentHash: phase });
}
let retired: readonly Fingerprint[];

/** Private halves of the CA as tctl prints them: base64 of PEM. */
async function privateKeys(): Promise<readonly string[]> {
  const { stdout } = await world.teleport.tctl(
    "get",
    `cert_authority/${TYPE}/acme.cluster`,
    "--with-secrets",
    "--format=json",
  );
  return [...stdout.matchAll(/"(?:private_key|key)": "([^"]+)"/g)].map(([, key]) => key ?? "");
}

function everythingKept(events: readonly unknown[]): string {
  const { record, journal, backups, sealed } = world.store;
  return JSON.stringify({ record, journal, backups, sealed, events });
}

describe("a backup with the private keys", () => {
  it.each(["5", "18"] as const)(
    "is sealed before the first write and before the last, Teleport %s",
    async (release) => {
      world = await SandboxWorld.start({ release }, { soakMs: 0 }, { backup: sealing });
      const before = await privateKeys();
      expect(before.length).toBeGreaterThan(0);
      const seen: unknown[] = [];
      for (const phase of ["init", "update_clients", "update_servers", "standby"] as const) {
        const { outcome, events } = await world.apply([await commit(phase)]);
        expect(outcome).toBe("applied");
        seen.push(events);
      }
      expect(world.store.sealed).toHaveLength(2);
      const [first, last] = await Promise.all(
        world.store.sealed.map((text) => unseal(ada, text ?? "", "it")),
      );
      // The last one has the new keys too.
      for (const key of before) {
        expect(Buffer.from(key, "base64").toString()).toContain("PRIVATE KEY");
        expect(first).toContain(key);
        expect(last).toContain(key);
        expect(everythingKept(seen)).not.toContain(key);
      }
      expect(await privateKeys()).not.toEqual(before);
      for (const key of await privateKeys()) {
        expect(first).not.toContain(key);
        expect(last).toContain(key);
      }
      expect(world.store.record?.rotations[0]?.backup).toMatchObject({ full: "sealed" });
    },
  );

  it("stops the run before it writes anything when the identity may not read them", async () => {
    world = await SandboxWorld.start({ release: "18" }, {}, { backup: sealing });
    await world.teleport.platform.fault({
      target: "tctl",
      fault: "denied",
      times: 9,
      match: "--with-secrets",
    });
    const failing = world.apply([await commit("init")]);
    await expect(failing).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining('access denied to perform action "read" on "cert_authority"'),
      hint: expect.stringMatching(/^nothing was changed.*verb read.*backup.command/),
    });
    expect(world.rotations).toEqual([]);
    expect(world.store.record).toBeNull();
    expect(world.store.backups).toEqual([]);
  });

  it("is none when what tctl prints is cut off; that is not quoted", async () => {
    world = await SandboxWorld.start({ release: "18" }, {}, { backup: sealing });
    await world.teleport.platform.fault({ target: "tctl", fault: "truncated", match: "--with-secrets" });
    const error = await world.apply([await commit("init")]).then(
      () => expect.unreachable("it was applied"),
      (thrown: Error) => thrown,
    );
    expect(error.message).toMatch(/--with-secrets: what it printed is cut off, or no JSON$/);
    expect(world.rotations).toEqual([]);
  });

  it("is made in the next step when it was asked for after the start", async () => {
    world = await SandboxWorld.start({ release: "18" }, { soakMs: 0 });
    await world.apply([await commit("init")]);
    expect(world.store.sealed).toEqual([null]);
    world.backUpBy(sealing);
    await world.apply([await commit("update_clients")]);
    await world.apply([await commit("update_servers")]);
    expect(world.store.sealed.map((text) => text !== null)).toEqual([false, true]);
  });

  it("does not stand in the way back", async () => {
    world = await SandboxWorld.start({ release: "18" }, { soakMs: 0 });
    await world.apply([await commit("init")]);
    world.backUpBy({ by: "seal", recipients: ["age1nobody"] });
    const { outcome } = await world.apply([await commit("rollback")]);
    expect(outcome).toBe("applied");
    expect(world.store.sealed).toEqual([null]);
  });

  it("that nobody keeps is told in the plan of a start, and only there", async () => {
    const note = expect.stringContaining("spec.backup");
    world = await SandboxWorld.start({ release: "18" }, { soakMs: 0 });
    const notes = async (phase: Phase) =>
      (await world.plan([await commit(phase)])).clusters[0]?.rotations[0]?.notes;
    expect(await notes("init")).toContainEqual(note);
    await world.apply([await commit("init")]);
    expect(await notes("update_clients")).not.toContainEqual(note);
    await world.stop();
    world = await SandboxWorld.start({ release: "18" }, {}, { backup: sealing });
    expect(await notes("init")).not.toContainEqual(note);
  });
});
