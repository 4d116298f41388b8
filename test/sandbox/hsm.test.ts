import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sandboxUp } from "../../src/sandbox/sandbox.ts";
import { TimelessTeleport } from "./harness.ts";

/** Two auth servers with an HSM each: a CA has a key of every one of them (reference teleport-rotation 1.9). */
function start() {
  return TimelessTeleport.start({ hsm: true, authServers: 2 });
}

/** Longer than the longest tick. */
const TICK_S = 21;

interface KeySets {
  readonly active_keys: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly additional_trusted_keys: KeySets["active_keys"];
}

async function keySets(teleport: TimelessTeleport, type: string, ...flags: readonly string[]) {
  const [authority] = JSON.parse(
    await teleport.ok("get", `cert_authority/${type}`, "--format=json", ...flags),
  );
  return authority.spec as KeySets;
}

describe("auth servers with an HSM each", () => {
  it("have keys of their own in every CA, and say where they are", async () => {
    const teleport = await start();
    for (const [type, protocols] of [
      ["host", { ssh: "private_key_type", tls: "key_type" }],
      ["spiffe", { jwt: "private_key_type", tls: "key_type" }],
    ] as const) {
      const { active_keys } = await keySets(teleport, type);
      for (const [protocol, field] of Object.entries(protocols)) {
        expect(active_keys[protocol]?.map((key) => key[field])).toEqual([1, 1]);
      }
    }
    const { active_keys } = await keySets(teleport, "user", "--with-secrets");
    const [secret] = active_keys["tls"] ?? [];
    expect(Buffer.from(String(secret?.["key"]), "base64").toString()).toBe(
      'pkcs11:{"host_id":"auth server 1"}',
    );
    expect((await teleport.ok("status")).match(/active +ECDSA P-256 PKCS#11 HSM/g)?.length).toBeGreaterThan(
      2,
    );
    expect(JSON.parse(await teleport.ok("get", "auth", "--format=json"))).toHaveLength(2);
  });

  it("add theirs in init, the second one on its tick, and rotate like anybody else then", async () => {
    const teleport = await start();
    const before = teleport.authority("host");
    expect(before).toMatchObject({ active: [expect.any(String), expect.any(String)], trusted: [] });
    await teleport.step("init", 1);
    expect(teleport.authority("host").trusted).toHaveLength(1);
    await teleport.pass(TICK_S);
    const { active, trusted } = teleport.authority("host");
    expect([active, trusted.length]).toEqual([before.active, 2]);
    await teleport.pass(10 * TICK_S);
    expect(teleport.authority("host").trusted).toEqual(trusted);
    for (const phase of ["update_clients", "update_servers", "standby"]) await teleport.step(phase);
    expect(teleport.authority("host")).toMatchObject({ active: trusted, trusted: [] });
    const issuers = new Set(teleport.platform.status().components.map(({ issuers: { server } }) => server));
    expect([...issuers].sort()).toEqual([...trusted].sort());
  });

  it("cannot sign where one was left behind in init, until a rollback", async () => {
    const teleport = await start();
    await teleport.platform.fault({ target: "auth2", fault: "stuck" });
    await teleport.step("init", 60);
    expect(teleport.authority("host").trusted).toHaveLength(1);
    await teleport.step("update_clients", 60);
    const behind = () => teleport.platform.status().components.filter(({ problem }) => problem !== null);
    expect(behind().length).toBeGreaterThan(0);
    for (const { phase, problem } of behind()) {
      expect([phase, problem]).toEqual([
        "init",
        "auth server 2 holds no active key of the host CA to sign with",
      ]);
    }
    await teleport.step("rollback", 60);
    expect(behind()).toEqual([]);
  });

  it("keep a key that was added before init, when an auth server was new", async () => {
    const teleport = await start();
    await teleport.platform.fault({ target: "auth2", fault: "stuck" });
    for (const phase of ["init", "update_clients", "update_servers", "standby"]) {
      await teleport.rotate("user", phase);
    }
    await teleport.platform.fault({ target: "auth2", fault: "clear" });
    await teleport.pass(TICK_S);
    // Trusted keys in standby: not a rotation that is stuck.
    const { phase, active, trusted } = teleport.authority("user");
    expect([phase, active.length, trusted.length]).toEqual(["standby", 1, 1]);
    await teleport.rotate("user", "init");
    await teleport.pass(TICK_S);
    expect(teleport.authority("user").trusted).toHaveLength(2);
    expect(teleport.authority("user").trusted).toContain(trusted[0]);
  });

  it("cannot be exported from by an old tctl", async () => {
    const teleport = await TimelessTeleport.start({ release: "17", hsm: true, authServers: 2 });
    const { stderr } = await teleport.tctl("auth", "export", "--type=db-client");
    expect(stderr).toContain("expected one TLS key pair, got 2");
  });

  it("do not exist in Teleport 5", async () => {
    await expect(sandboxUp({ dir: "nowhere", teleport: "5", hsm: true })).rejects.toThrow("neither HSMs");
    expect(existsSync("nowhere")).toBe(false);
  });
});

it("two auth servers without an HSM share their keys", async () => {
  const teleport = await TimelessTeleport.start({ authServers: 2 });
  await teleport.step("init", 60);
  expect(teleport.authority("host")).toMatchObject({
    active: [expect.any(String)],
    trusted: [expect.any(String)],
  });
});
