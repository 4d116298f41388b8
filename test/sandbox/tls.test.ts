import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../src/sandbox/start-teleport.ts";
import type { Authority } from "../../src/sandbox/teleport/authority-store.ts";
import { issueHostCertificate, type KeyGeneration } from "../../src/sandbox/teleport/keys.ts";
import { handshake } from "../world/handshake.ts";

/** Real handshakes with real components: who is trusted by whom in which phase (reference 1.4, 1.10). */
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sandbox-tls-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(["18", "5"] as const)("Teleport %s", (version) => {
  let sandbox: RunningSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ dir: join(folder, version), teleport: version, speed: 400, seed: 3 });
  });
  afterAll(() => sandbox.stop());

  it("components serve and accept what the phase says", async () => {
    const world = sandbox.teleport.world;
    const old = host(sandbox).active;
    expect(await handshakes(old, [])).toEqual({ old: true, both: true, introduced: false });

    await move("init");
    const introduced = host(sandbox).trusted;
    expect(await handshakes(old, introduced)).toEqual({ old: true, both: true, introduced: false });
    expect(await accepted(old)).toBe(true);
    expect(await accepted(introduced)).toBe(true);

    // Clients hold the new certificates, servers still the old ones.
    await move("update_clients");
    expect(await handshakes(old, introduced)).toEqual({ old: true, both: true, introduced: false });
    const [pin] = sandbox.teleport.status().authorities.find(({ type }) => type === "host")?.active ?? [];
    for (const agent of world.agents) {
      expect(agent.issuers.client).toBe(pin);
      expect(agent.issuers.server).not.toBe(pin);
    }

    await move("update_servers");
    expect(await handshakes(old, introduced)).toEqual({ old: false, both: true, introduced: true });
    expect(await accepted(old)).toBe(true);

    await move("standby");
    expect(await handshakes(old, introduced)).toEqual({ old: false, both: true, introduced: true });
    expect(await accepted(old)).toBe(false);
    expect(await accepted(introduced)).toBe(true);
  });

  it("components go back to the old certificate in a rollback", async () => {
    const old = host(sandbox).active;
    await move("init");
    const introduced = host(sandbox).trusted;
    await move("update_clients");
    await move("update_servers");
    expect(await handshakes(old, introduced)).toMatchObject({ old: false, introduced: true });
    await move("rollback");
    expect(await handshakes(old, introduced)).toEqual({ old: true, both: true, introduced: false });
    await move("standby");
    expect(await handshakes(old, introduced)).toEqual({ old: true, both: true, introduced: false });
    expect(await accepted(introduced)).toBe(false);
  });

  it("an offline component refuses connections, and has its port again afterwards", async () => {
    const port = portOf("node1");
    await sandbox.teleport.fault({ target: "node1", fault: "offline" });
    await expect(handshake(port, certificates(host(sandbox).active))).rejects.toThrow("ECONNREFUSED");
    await sandbox.teleport.fault({ target: "node1", fault: "clear" });
    expect(portOf("node1")).toBe(port);
    expect(await handshake(port, certificates(host(sandbox).active))).toMatchObject({ component: "node1" });
  });

  /** A transition, and the wait until every component reports it. */
  async function move(phase: string): Promise<void> {
    const refusal = await sandbox.teleport.world.rotate("host", {
      phase,
      mode: "manual",
      gracePeriodMs: 3_600_000,
    });
    expect(refusal).toBeNull();
    await expect
      .poll(() => sandbox.teleport.status().components.every((one) => one.phase === phase), {})
      .toBe(true);
    await sandbox.teleport.world.idle();
  }

  function portOf(name: string): number {
    const found = sandbox.teleport.status().components.find((component) => component.name === name);
    return found?.port ?? 0;
  }

  /** Whether clients with each trust accept every component that has a port. */
  async function handshakes(old: Keys, introduced: Keys) {
    const results = { old: new Set<boolean>(), both: new Set<boolean>(), introduced: new Set<boolean>() };
    const trusts = { old, both: [...old, ...introduced], introduced };
    for (const { port } of sandbox.teleport.status().components) {
      for (const name of ["old", "both", "introduced"] as const) {
        if (port === null || (name === "introduced" && introduced.length === 0)) continue;
        results[name].add(
          await handshake(port, certificates(trusts[name])).then(
            () => true,
            (error: NodeJS.ErrnoException) => {
              expect(error.code).toMatch(/^(UNABLE_TO|SELF_SIGNED|CERT_)/);
              return false;
            },
          ),
        );
      }
    }
    const agreed = (set: ReadonlySet<boolean>) => (set.size > 1 ? "they differ" : set.has(true));
    return { old: agreed(results.old), both: agreed(results.both), introduced: agreed(results.introduced) };
  }

  /** Whether the auth server's process accepts a caller whose certificate these keys signed. */
  async function accepted([key]: Keys): Promise<boolean> {
    if (key?.tls == null) throw new Error("no TLS key");
    const caller = { id: "caller", name: "caller", role: "Node", cluster: "acme.cluster" };
    const issued = await issueHostCertificate(key.tls, caller, Date.now());
    const trust = certificates([...host(sandbox).active, ...host(sandbox).trusted]);
    const greeting = await handshake(portOf("turing"), trust, { cert: issued.certificate, key: issued.key });
    return greeting.client?.accepted ?? false;
  }
});

type Keys = readonly KeyGeneration[];

function host(sandbox: RunningSandbox): Authority {
  const authority = sandbox.teleport.world.authorities.current("host");
  if (authority === undefined) throw new Error("no host authority");
  return authority;
}

function certificates(keys: Keys): readonly string[] {
  return keys.flatMap(({ tls }) => (tls === null ? [] : [tls.certificate]));
}
