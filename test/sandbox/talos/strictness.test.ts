import { describe, expect, it } from "vitest";
import { cluster, nextAuthority, outcomeOf, probe, settle, stateOf, until } from "./harness.ts";

/** Scenarios 5 and 6 of TA 8.4: they show that the emulator is strict, so they come before everything else. */
describe("the emulator fails where a real cluster fails", () => {
  it("locks out a worker that missed S1", async () => {
    const test = await cluster({ workers: 2 });
    const [spared = "", regular = ""] = test.workers;
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const oldClient = test.running.info.talosconfig;
    const union = await test.talosconfig(next, [old, next]);
    const adminOfBoth = await test.talosconfig(old, [old, next]);

    for (const node of test.nodes) {
      if (node === spared) continue;
      expect((await test.bring(oldClient, node, stateOf("talos", "S1", old, next))).exit).toBe(0);
      await until("trust of the new CA", async () => (await probe(test, union, node)) === "ok");
    }
    // The endpoint has a connection to it by now, made with a certificate of the old CA; it must not outlive that.
    expect(outcomeOf(await test.as(adminOfBoth, spared, "version"))).toBe("ok");
    for (const node of test.controlPlanes) {
      expect((await test.bring(union, node, stateOf("talos", "S2", old, next))).exit).toBe(0);
      await until("a new certificate", async () => (await probe(test, await newOnly(), node)) === "ok");
    }

    // The other worker is fine on every way in.
    expect(await probe(test, union, regular)).toBe("ok");
    expect(outcomeOf(await test.as(union, regular, "version"))).toBe("ok");
    // The worker that was left out refuses everything signed by the new CA: a client's certificate ...
    expect(await probe(test, union, spared)).toBe("client rejected");
    // ... and the endpoint's own, whoever the client is.
    const throughEndpoint = await test.as(adminOfBoth, spared, "version");
    expect(outcomeOf(throughEndpoint)).toBe("client rejected");
    // It cannot renew its certificate either: trustd shows one that it does not trust.
    const machine = test.running.machine(spared);
    const before = machine.apid.certificates?.server.crt;
    await test.running.fault({ target: spared, fault: "renew" });
    await until("a failed renewal", () => machine.problem !== null);
    await settle();
    expect(machine.problem).toContain("certificate signed by unknown authority");
    expect(machine.apid.certificates?.server.crt).toBe(before);
    // Powered off and on, it has no certificate at all, and nobody can reach it any more (TA 5.1).
    await test.running.fault({ target: spared, fault: "offline" });
    await test.running.fault({ target: spared, fault: "clear" });
    await settle();
    expect(await probe(test, oldClient, spared)).toBe("refused");

    async function newOnly(): Promise<string> {
      return await test.talosconfig(next, [next]);
    }
  });

  it("leaves stale trust on a worker that is brought to S1 before the control planes", async () => {
    const test = await cluster({ workers: 2 });
    const [early = "", late = ""] = test.workers;
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const oldClient = test.running.info.talosconfig;
    const newClient = await test.talosconfig(next, [old]);
    const first = stateOf("talos", "S1", old, next);

    const machine = test.running.machine(early);
    const before = machine.apid.certificates;
    await test.bring(oldClient, early, first);
    await until("an answer of trustd", () => machine.apid.certificates !== before);
    for (const node of [...test.controlPlanes, late]) {
      await test.bring(oldClient, node, first);
      await until("trust of the new CA", async () => (await probe(test, newClient, node)) === "ok");
    }
    await settle();

    // All configurations are the same now, but the early worker has what trustd said back then.
    expect(await probe(test, newClient, late)).toBe("ok");
    expect(await probe(test, newClient, early)).toBe("client rejected");
    const bundle = machine.apid.certificates?.accepted ?? [];
    expect(bundle).toHaveLength(1);
    expect(bundle[0]).not.toContain(next.crt);
    // Its next renewal, after 12 hours, would repair it.
    await test.running.fault({ target: early, fault: "renew" });
    await until("trust of the new CA", async () => (await probe(test, newClient, early)) === "ok");
  });

  it("swapping a node that nobody prepared breaks forwarding both ways", async () => {
    const test = await cluster({ workers: 0 });
    const [first = "", second = ""] = test.controlPlanes;
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    await test.bring(test.running.info.talosconfig, first, stateOf("talos", "S2", old, next));
    const union = await test.talosconfig(old, [old, next]);
    const newOnly = await test.talosconfig(next, [next]);
    await until("a new certificate", async () => (await probe(test, newOnly, first)) === "ok");

    const outward = await test.talosctl("--talosconfig", union, "-e", first, "-n", second, "version");
    expect(outcomeOf(outward)).toBe("client rejected");
    const inward = await test.talosctl("--talosconfig", union, "-e", second, "-n", first, "version");
    expect(outcomeOf(inward)).toBe("server untrusted");
  });
});
