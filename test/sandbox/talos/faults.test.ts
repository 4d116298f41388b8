import { describe, expect, it } from "vitest";
import { TALOS_FAULTS } from "../../../src/sandbox/faults.ts";
import { cluster, nextAuthority, printed, probe, settle, stateOf, until } from "./harness.ts";

const SMALL = { controlPlanes: 1, workers: 1 } as const;

describe("faults of machines", () => {
  it("an offline control plane comes back with the CA that it knew, whatever happened meanwhile", async () => {
    const test = await cluster({ controlPlanes: 2, workers: 1 });
    const [first = "", second = ""] = test.controlPlanes;
    const [worker = ""] = test.workers;
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const admin = test.running.info.talosconfig;
    const union = await test.talosconfig(next, [old, next]);
    await test.running.fault({ target: second, fault: "offline" });
    expect(await probe(test, admin, second)).toBe("refused");
    await until("NotReady", () => !test.running.machine(second).isKubernetesReady());
    for (const [name, client] of [
      ["S1", admin],
      ["S2", union],
      ["S3", union],
    ] as const) {
      for (const node of [first, worker]) {
        const machine = test.running.machine(node);
        const before = machine.apid.certificates;
        await test.bring(client, node, stateOf("talos", name, old, next));
        await until("new certificates", () => machine.apid.certificates !== before);
      }
    }
    await test.running.fault({ target: second, fault: "clear" });
    await until("its API", async () => (await probe(test, admin, second)) === "ok");
    expect(await probe(test, union, second)).toBe("client rejected");
    // With the old client it can be brought where the others are.
    await test.bring(admin, second, stateOf("talos", "S3", old, next));
    await until("S3", async () => (await probe(test, union, second)) === "ok");
    await until("Ready", () => test.running.machine(second).isKubernetesReady());
  });

  it("an unreachable machine takes connections and says nothing", async () => {
    const test = await cluster({ ...SMALL, dialTimeoutMs: 150 });
    const [worker = ""] = test.workers;
    await test.running.fault({ target: worker, fault: "unreachable" });
    const run = await test.directly(test.running.info.talosconfig, worker, "version");
    expect(run.stderr).toContain(`transport: Error while dialing: dial tcp ${worker}:50000: i/o timeout`);
    expect((await test.ask(worker, "version")).stderr).toContain("i/o timeout");
    await test.running.fault({ target: worker, fault: "clear" });
    await until("its API", async () => (await probe(test, test.running.info.talosconfig, worker)) === "ok");
  });

  it("a fault with a time ends by itself", async () => {
    const test = await cluster(SMALL);
    await test.running.fault({ target: "worker-1", fault: "slow", forMs: 50 });
    expect(test.running.machine("worker-1").states).toEqual(["slow"]);
    await until("the end of it", () => test.running.machine("worker-1").states.length === 0);
  });

  it("a flapping one comes and goes", async () => {
    const test = await cluster(SMALL);
    await test.running.fault({ target: test.endpoint, fault: "flapping" });
    const talosconfig = test.running.info.talosconfig;
    for (const up of [false, true, false])
      await until(
        up ? "an answer" : "none",
        async () => ((await probe(test, talosconfig, test.endpoint)) === "ok") === up,
      );
    await test.running.fault({ target: "all", fault: "clear" });
    await until(
      "its API",
      async () => (await probe(test, test.running.info.talosconfig, test.endpoint)) === "ok",
    );
    expect(test.running.status().machines.flatMap(({ faults }) => faults)).toEqual([]);
  });

  it("a stuck one says that it has the configuration and does nothing about it", async () => {
    const test = await cluster(SMALL);
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const newClient = await test.talosconfig(next, [old]);
    await test.running.fault({ target: test.endpoint, fault: "stuck" });
    expect(
      (await test.bring(test.running.info.talosconfig, test.endpoint, stateOf("talos", "S1", old, next)))
        .exit,
    ).toBe(0);
    await settle();
    expect(test.running.machine(test.endpoint).store.config.talos.accepted).toEqual([next.crt]);
    expect(await probe(test, newClient, test.endpoint)).toBe("client rejected");
    await test.running.fault({ target: test.endpoint, fault: "clear" });
    await until("trust", async () => (await probe(test, newClient, test.endpoint)) === "ok");
  });

  it("a worker with stale trust does not ask trustd", async () => {
    const test = await cluster(SMALL);
    const [worker = ""] = test.workers;
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const newClient = await test.talosconfig(next, [old]);
    await test.running.fault({ target: worker, fault: "stale-trust" });
    for (const node of test.nodes)
      await test.bring(test.running.info.talosconfig, node, stateOf("talos", "S1", old, next));
    await until("trust", async () => (await probe(test, newClient, test.endpoint)) === "ok");
    await settle();
    expect(await probe(test, newClient, worker)).toBe("client rejected");
    await test.running.fault({ target: worker, fault: "clear" });
    await test.running.fault({ target: worker, fault: "renew" });
    await until("trust", async () => (await probe(test, newClient, worker)) === "ok");
  });

  it("a clock that is wrong refuses certificates that are good", async () => {
    const test = await cluster({ ...SMALL, random: () => 0.99 });
    const admin = test.running.info.talosconfig;
    await test.running.fault({ target: test.endpoint, fault: "clock-behind" });
    const early = await test.directly(admin, test.endpoint, "version");
    expect(early.stderr).toContain("remote error: tls: expired certificate");
    const backdated = await test.talosconfig(test.running.secrets.talos, [test.running.secrets.talos], {
      backdateSeconds: 3 * 3600,
      hours: 8,
    });
    // Only the client's certificate is back-dated; the CA itself is from before, too, for this clock.
    expect((await test.directly(backdated, test.endpoint, "version")).stderr).toContain(
      "expired certificate",
    );
    await test.running.fault({ target: test.endpoint, fault: "clear" });
    await test.running.fault({ target: test.endpoint, fault: "clock-ahead" });
    const shown = await test.ask(test.endpoint, "time");
    const [, , nodeTime = "", serverTime = ""] = shown.stdout.trim().split("\n")[1]?.split(/ {2,}/) ?? [];
    expect(Date.parse(nodeTime) - Date.parse(serverTime)).toBeGreaterThan(7_000_000);
    // What it issues now is from the future.
    await test.running.fault({ target: test.endpoint, fault: "renew" });
    await until(
      "its new certificate",
      async () => (await test.directly(admin, test.endpoint, "version")).exit === 1,
    );
    expect((await test.directly(admin, test.endpoint, "version")).stderr).toContain(
      "x509: certificate has expired or is not yet valid: current time",
    );
  });

  it("discovery shows the shared address first, or not everybody", async () => {
    const test = await cluster({ controlPlanes: 3, workers: 1 });
    const [first = ""] = test.controlPlanes;
    const members = async (): Promise<readonly unknown[]> =>
      printed(await test.ask(first, "get", "members", "-o", "json")).map(
        ({ spec }) => (spec["addresses"] as string[])[0],
      );
    expect(await members()).toEqual(test.nodes);
    await test.running.fault({ target: "controlplane-1", fault: "vip-first" });
    await test.running.fault({ target: "worker-1", fault: "undiscovered" });
    const { vip } = test.running.network;
    expect(await members()).toEqual([vip, ...test.controlPlanes.slice(1)]);
    // The address answers, but as whoever holds it (talos#10357).
    const identity = await test.directly(
      test.running.info.talosconfig,
      vip,
      "get",
      "identity",
      "local",
      "-o",
      "json",
    );
    expect(printed(identity)[0]?.spec["nodeId"]).toBe(test.running.machine(first).nodeId);
    await test.running.fault({ target: "all", fault: "undiscovered" });
    expect(await members()).toEqual([]);
  });

  it("a kubelet or a static pod that does not come back", async () => {
    const test = await cluster(SMALL);
    const next = await nextAuthority("kubernetes");
    await test.running.fault({ target: "worker-1", fault: "kubelet-stuck" });
    await test.running.fault({ target: "controlplane-1", fault: "pods-stuck" });
    const state = stateOf("kubernetes", "S1", test.running.secrets.kubernetes, next);
    for (const node of test.nodes) await test.bring(test.running.info.talosconfig, node, state);
    const gone = (): boolean =>
      test.running.machine("worker-1").kubelet.service === null &&
      test.running.machine("controlplane-1").controlPlane?.view === null;
    await until("both to be away", gone);
    await settle();
    expect(gone()).toBe(true);
    const status = await test.ask(test.endpoint, "get", "machinestatus", "-o", "json");
    expect(printed(status)[0]?.spec["status"]).toMatchObject({ ready: false });
    await test.running.fault({ target: "all", fault: "clear" });
    await until(
      "both",
      () =>
        test.running.machine("worker-1").kubelet.service?.healthy === true &&
        test.running.machine("controlplane-1").controlPlane?.view != null,
    );
  });
});

describe("things that somebody else does", () => {
  it("stages, applies the first day's configuration again, accepts a CA of their own", async () => {
    const test = await cluster(SMALL);
    const { store } = test.running.machine(test.endpoint);
    const first = store.active;
    await test.running.fault({ target: test.endpoint, fault: "staged" });
    expect(store.persistent).not.toBe(store.active);
    await test.running.fault({ target: test.endpoint, fault: "foreign-ca" });
    expect(store.config.talos.accepted).toHaveLength(1);
    await test.running.fault({ target: test.endpoint, fault: "foreign-ca" });
    expect(store.config.talos.accepted).toHaveLength(2);
    await test.running.fault({ target: test.endpoint, fault: "stale-config" });
    expect([store.active, store.persistent]).toEqual([first, first]);
  });

  it("a foreign CA from the start is in both kinds of lists", async () => {
    for (const talos of ["1.13", "1.14"] as const) {
      const test = await cluster({ ...SMALL, talos, foreign: true });
      for (const { store } of test.running.machines) {
        expect(store.config.talos.accepted).toHaveLength(1);
        expect(store.config.kubernetes.accepted.length).toBeGreaterThanOrEqual(1);
      }
    }
  });
});

describe("faults of calls", () => {
  const marker = "# changed by the test\n";

  it.each([
    ["error-after-success", true, "error reading from server: EOF"],
    ["denied", false, "not authorized"],
    ["offline-after-success", true, "error reading from server: EOF"],
  ] as const)("%s", async (fault, isDone, message) => {
    const test = await cluster(SMALL);
    const { store } = test.running.machine("worker-1");
    const [worker = ""] = test.workers;
    const file = await test.file(store.active + marker);
    await test.running.fault({ target: "worker-1", fault, match: "ApplyConfiguration" });
    const run = await test.ask(worker, "apply-config", "-f", file, "--mode=no-reboot");
    expect(run.exit).toBe(1);
    expect(run.stderr).toContain(message);
    expect(store.active.endsWith(marker)).toBe(isDone);
    expect(test.running.machine("worker-1").isOn).toBe(fault !== "offline-after-success");
  });

  it.each([
    ["timeout", false],
    ["timeout-after-success", true],
  ] as const)("%s", async (fault, isDone) => {
    const test = await cluster(SMALL);
    const { store } = test.running.machine("worker-1");
    const file = await test.file(store.active + marker);
    await test.running.fault({ target: "worker-1", fault, match: "ApplyConfiguration" });
    const run = test
      .ask(test.workers[0] ?? "", "apply-config", "-f", file, "--mode=no-reboot")
      .then(() => "answered");
    const late = new Promise((resolve) => setTimeout(() => resolve("hangs"), 300));
    expect(await Promise.race([run, late])).toBe("hangs");
    expect(store.active.endsWith(marker)).toBe(isDone);
  });

  it("truncated output has exit code 0", async () => {
    const test = await cluster(SMALL);
    await test.running.fault({
      target: "controlplane-1",
      fault: "truncated",
      match: "Get members",
      times: 2,
    });
    for (let call = 0; call < 2; call++) {
      const run = await test.ask(test.endpoint, "get", "members", "-o", "json");
      expect(run.exit).toBe(0);
      expect(run.stdout.endsWith("}\n")).toBe(false);
    }
    expect((await test.ask(test.endpoint, "get", "members", "-o", "json")).stdout.endsWith("}\n")).toBe(true);
    await test.running.fault({ target: "all", fault: "denied", times: 5 });
    await test.running.fault({ target: "all", fault: "clear" });
    expect((await test.ask(test.endpoint, "version")).exit).toBe(0);
  });

  it("are all described, and others refused", async () => {
    const test = await cluster(SMALL);
    expect(new Set(TALOS_FAULTS.map(({ name }) => name)).size).toBe(TALOS_FAULTS.length);
    await expect(test.running.fault({ target: "worker-1", fault: "nosuch" })).rejects.toThrow(
      'There is no fault "nosuch"',
    );
    await expect(test.running.fault({ target: "worker-9", fault: "offline" })).rejects.toThrow(
      "no machine worker-9",
    );
    await expect(test.running.fault({ target: "worker-1", fault: "lead" })).rejects.toThrow(
      "runs no controller manager",
    );
    expect(await test.running.fault({ target: "worker-1", fault: "slow" })).toBe(
      "worker-1: takes six times longer for everything",
    );
    expect(test.running.targets()).toEqual(["controlplane-1", "worker-1", "all"]);
  });
});
