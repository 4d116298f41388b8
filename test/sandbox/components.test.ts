import { describe, expect, it } from "vitest";
import { TimelessTeleport } from "./harness.ts";

const phaseOf = async (teleport: TimelessTeleport, name: string) =>
  (await teleport.node(name))?.spec.rotation.phase;

describe("reads", () => {
  it("are stale right after a write, and follow within three seconds", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    const shown = async () => {
      const [host] = JSON.parse(
        await teleport.ok("get", "cert_authority/host/acme.cluster", "--format=json"),
      );
      return host.spec.rotation?.phase;
    };
    await teleport.rotate("host", "init");
    expect(await shown()).toBeUndefined();
    expect(await teleport.ok("status")).toContain("host          standby (never rotated)");
    await teleport.pass(3);
    expect(await shown()).toBe("init");
    expect(await teleport.ok("status")).toContain("in progress (mode: manual, phase: init)");
  });

  it("stay stale longer on demand", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "tctl", fault: "stale", forMs: 60_000 });
    await teleport.rotate("user", "init");
    await teleport.pass(50);
    expect(await teleport.ok("status")).not.toContain("phase: init");
    await teleport.pass(11);
    expect(await teleport.ok("status")).toContain("phase: init");
  });
});

describe("components", () => {
  it("lag 3 to 15 seconds, the auth server's process most", async () => {
    const teleport = await TimelessTeleport.start({ release: "18", nodes: 6 });
    await teleport.rotate("host", "init");
    await teleport.pass(2.5);
    expect((await teleport.nodes()).map((row) => row.spec.rotation.phase)).not.toContain("init");
    await teleport.pass(6.6);
    expect(await phaseOf(teleport, "node5")).toBe("init");
    expect(await phaseOf(teleport, "turing")).toBeUndefined();
    await teleport.pass(6);
    expect(await phaseOf(teleport, "turing")).toBe("init");
  });

  it("report the host CA only", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.rotate("user", "init");
    await teleport.pass(60);
    expect(await phaseOf(teleport, "node1")).toBeUndefined();
  });

  it("of every kind follow, one row for each thing they serve", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.step("init");
    const count: Record<string, number> = {};
    for (const kind of ["auth_servers", "proxies", "nodes", "app_servers", "db_servers", "kube_servers"]) {
      const rows = JSON.parse(await teleport.ok("get", kind, "--format=json"));
      count[kind] = rows.length;
      for (const row of rows) expect(row.spec.rotation.phase, kind).toBe("init");
    }
    expect(count).toEqual({
      auth_servers: 1,
      proxies: 1,
      nodes: 4,
      app_servers: 2,
      db_servers: 1,
      kube_servers: 1,
    });
    expect(await teleport.ok("get", "windows_desktop_services", "--format=json")).toBe("[]\n");
  });
});

describe("presence", () => {
  const leftS = async (teleport: TimelessTeleport, name: string) => {
    const row = await teleport.node(name);
    return row === undefined ? null : (Date.parse(row.metadata.expires) - teleport.clock.now()) / 1000;
  };

  it.each([1, 60])("shows 5 to 10 minutes for whoever is alive (speed %i)", async (speed) => {
    const teleport = await TimelessTeleport.start({ release: "18", speed });
    for (let sample = 0; sample < 20; sample += 1) {
      const left = await leftS(teleport, "node2");
      expect(left).toBeGreaterThan(299);
      expect(left).toBeLessThan(601);
      await teleport.pass(97 / speed);
    }
  });

  it.each([1, 60])("of a stopped node runs out, and then the row is gone (speed %i)", async (speed) => {
    const teleport = await TimelessTeleport.start({ release: "18", speed });
    await teleport.platform.fault({ target: "node2", fault: "offline" });
    const first = (await leftS(teleport, "node2")) ?? 0;
    await teleport.pass(200 / speed);
    expect(await leftS(teleport, "node2")).toBeCloseTo(first - 200, 0);
    await teleport.pass(first / speed);
    expect(await teleport.node("node2")).toBeUndefined();
    expect(await teleport.nodes()).toHaveLength(3);
    await teleport.platform.fault({ target: "node2", fault: "clear" });
    expect(await leftS(teleport, "node2")).toBeCloseTo(600, 0);
  });
});

describe("a component that is", () => {
  it("offline misses init, and is out of sync until a rollback", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "node2", fault: "offline" });
    await teleport.step("init");
    await teleport.step("update_clients");
    await teleport.platform.fault({ target: "node2", fault: "clear" });
    await teleport.pass(20);
    expect(await phaseOf(teleport, "node2")).toBeUndefined();
    expect(teleport.component("node2").problem).toContain("out of sync with local");
    await teleport.step("rollback");
    expect(teleport.component("node2")).toMatchObject({ phase: "rollback", problem: null });
  });

  it("offline at init catches up when it is back", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "node/node2", fault: "offline", forMs: 60_000 });
    await teleport.step("init", 59);
    expect(await phaseOf(teleport, "node2")).toBeUndefined();
    await teleport.pass(5);
    expect(await phaseOf(teleport, "node2")).toBe("init");
  });

  it("offline during update_clients only says update_servers with its old certificate", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    const [old] = teleport.authority("host").active;
    await teleport.step("init");
    await teleport.platform.fault({ target: "node2", fault: "offline" });
    await teleport.step("update_clients");
    await teleport.step("update_servers");
    await teleport.platform.fault({ target: "node2", fault: "clear" });
    await teleport.pass(20);
    expect(await phaseOf(teleport, "node2")).toBe("update_servers");
    expect(teleport.component("node2").issuers).toEqual({ client: old, server: old });
    // Nobody looked whether it had been seen at update_clients: now it is lost.
    await teleport.step("standby");
    expect(teleport.component("node2").alive).toBe(false);
    expect(teleport.component("node2").problem).toContain("certificate signed by unknown authority");
    await teleport.pass(601);
    expect(await teleport.node("node2")).toBeUndefined();
    await teleport.platform.fault({ target: "node2", fault: "rejoin" });
    expect(teleport.component("node2")).toMatchObject({ alive: true, problem: null, phase: "standby" });
    expect(teleport.component("node2").issuers.server).toBe(teleport.authority("host").active[0]);
  });

  it("offline and expired has no row at once", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "node2", fault: "offline", expired: true });
    expect(await teleport.node("node2")).toBeUndefined();
  });

  it("slow follows, but much later", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "node1", fault: "slow" });
    await teleport.step("init", 15);
    expect(await phaseOf(teleport, "node1")).toBeUndefined();
    await teleport.pass(40);
    expect(await phaseOf(teleport, "node1")).toBe("init");
  });

  it("stuck keeps announcing itself where it was", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.step("init");
    await teleport.platform.fault({ target: "node1", fault: "stuck" });
    await teleport.step("update_clients", 1200);
    expect(await phaseOf(teleport, "node1")).toBe("init");
    await teleport.platform.fault({ target: "node1", fault: "clear" });
    await teleport.pass(20);
    expect(await phaseOf(teleport, "node1")).toBe("update_clients");
  });

  it("lying is at every phase first, with the certificate it always had", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    const [old] = teleport.authority("host").active;
    await teleport.platform.fault({ target: "node1", fault: "lying" });
    await teleport.step("init", 1);
    expect(await phaseOf(teleport, "node1")).toBe("init");
    await teleport.step("update_clients");
    await teleport.step("update_servers");
    expect(await phaseOf(teleport, "node1")).toBe("update_servers");
    expect(teleport.component("node1").issuers.server).toBe(old);
    await teleport.platform.fault({ target: "node1", fault: "clear" });
    expect(teleport.component("node1").issuers.server).toBe(teleport.authority("host").active[0]);
  });

  it("flapping is away half of the time", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "node1", fault: "flapping" });
    const seen: boolean[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      seen.push(teleport.component("node1").alive);
      await teleport.pass(20);
    }
    expect(seen).toEqual([false, true, false, true]);
    await teleport.platform.fault({ target: "all", fault: "clear" });
    await teleport.pass(50);
    expect(teleport.component("node1").alive).toBe(true);
  });
});

describe("the processes of a complete rotation", () => {
  it("lose nobody when every phase waits for them", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    for (const phase of ["init", "update_clients", "update_servers", "standby"]) await teleport.step(phase);
    const [active] = teleport.authority("host").active;
    for (const component of teleport.platform.status().components) {
      expect(component).toMatchObject({ alive: true, phase: "standby", problem: null });
      expect(component.issuers).toEqual({ client: active, server: active });
    }
  });

  it("are by the thousand listed in no more than linear time, with few ports", async () => {
    const teleport = await TimelessTeleport.start({ release: "18", nodes: 3000, endpoints: 32 });
    await teleport.step("init");
    const rows = await teleport.nodes();
    expect(rows).toHaveLength(3000);
    expect(new Set(rows.map((row) => row.spec.rotation.phase))).toEqual(new Set(["init"]));
    const ports = teleport.platform.status().components.filter((component) => component.port !== null);
    expect(ports).toHaveLength(32);
    await teleport.platform.stop();
  });
});
