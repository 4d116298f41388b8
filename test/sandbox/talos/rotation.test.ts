import { describe, expect, it } from "vitest";
import type { PemPair } from "../../../src/sandbox/talos/certificates.ts";
import { STATIC_PODS } from "../../../src/sandbox/talos/control-plane.ts";
import {
  cluster,
  type NodeState,
  nextAuthority,
  outcomeOf,
  probe,
  type StateName,
  stateOf,
  type TestCluster,
  until,
} from "./harness.ts";

/**
 * A rotation as `talosctl rotate-ca` walks it (TA 1): accept, swap, drop. It shows that the right order ends well
 * here, for both CAs and both layouts, as `strictness.test.ts` shows that wrong ones do not.
 */
const RELEASES = ["1.13", "1.14"] as const;

async function bringAndWait(test: TestCluster, admin: string, node: string, state: NodeState): Promise<void> {
  const machine = test.running.machine(node);
  const api = machine.apid.certificates;
  const { service } = machine.kubelet;
  const run = await test.bring(admin, node, state);
  expect(run.stderr + run.exit).toBe("Applied configuration without a reboot\n0");
  if (state.kind === "talos") {
    await until("new API certificates", () => machine.apid.certificates !== api);
    return;
  }
  // Another one once it has restarted, however short the time without any.
  await until("a kubelet restart", () => machine.kubelet.service !== service);
  await until("all to be well", () => isWell(test));
}

function isWell(test: TestCluster): boolean {
  return test.running.machines.every(
    ({ kubelet, controlPlane, isKubernetesReady }) =>
      kubelet.service?.healthy === true &&
      isKubernetesReady() &&
      STATIC_PODS.every((pod) => controlPlane === null || controlPlane.isReady(pod)),
  );
}

/** Calls every node again and again, on new connections, directly and through the first control plane. */
function keepCalling(test: TestCluster, talosconfig: string): () => Promise<readonly string[]> {
  const failures: string[] = [];
  let calls = 0;
  let going = true;
  const loop = async (): Promise<void> => {
    while (going) {
      for (const node of test.nodes) {
        const runs = await Promise.all([
          test.directly(talosconfig, node, "version", "--json"),
          test.as(talosconfig, node, "get", "machinetype"),
        ]);
        calls += runs.length;
        failures.push(...runs.filter(({ exit }) => exit !== 0).map(({ stderr }) => `${node}: ${stderr}`));
      }
    }
  };
  const running = loop();
  return async () => {
    going = false;
    await running;
    expect(calls).toBeGreaterThan(10);
    return failures;
  };
}

async function expectOnly(test: TestCluster, kind: NodeState["kind"], authority: PemPair): Promise<void> {
  for (const node of test.nodes) {
    const machine = test.running.machine(node);
    const shown = await test.machineConfig(
      await test.talosconfig(await talosSigner(), [await talosSigner()]),
      node,
    );
    expect(machine.store.active).toBe(shown);
    const { issuing, accepted } = machine.store.config[kind];
    expect(new Set([...(issuing === null ? [] : [issuing.crt]), ...accepted])).toEqual(
      new Set([authority.crt]),
    );
    expect(machine.store.persistent).toBe(machine.store.active);
    expect(machine.problem).toBeNull();
  }

  async function talosSigner(): Promise<PemPair> {
    return kind === "talos" ? authority : test.running.secrets.talos;
  }
}

describe("a Talos API CA rotation in the right order", () => {
  it.each(RELEASES)("never fails a client that was switched in time (%s)", async (talos) => {
    const test = await cluster({ talos });
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const oldClient = await test.talosconfig(old, [old, next]);
    const newClient = await test.talosconfig(next, [old, next]);

    const stopOld = keepCalling(test, oldClient);
    for (const node of test.nodes)
      await bringAndWait(test, oldClient, node, stateOf("talos", "S1", old, next));
    const stopNew = keepCalling(test, newClient);
    for (const node of test.nodes) {
      expect(await probe(test, await test.talosconfig(next, [old]), node)).toBe("ok");
    }
    for (const node of test.nodes)
      await bringAndWait(test, newClient, node, stateOf("talos", "S2", old, next));
    expect(await stopOld()).toEqual([]);
    for (const node of test.nodes) {
      expect(await probe(test, await test.talosconfig(next, [next]), node)).toBe("ok");
    }
    for (const node of test.nodes)
      await bringAndWait(test, newClient, node, stateOf("talos", "S3", old, next));
    expect(await stopNew()).toEqual([]);

    await expectOnly(test, "talos", next);
    for (const node of test.nodes) {
      expect(await probe(test, oldClient, node), "scenario 4: the old client is refused").toBe(
        "client rejected",
      );
      expect(outcomeOf(await test.as(newClient, node, "version"))).toBe("ok");
    }
    // Kubernetes noticed nothing.
    expect(test.running.machines.map(({ kubelet }) => kubelet.starts)).toEqual([1, 1, 1, 1, 1]);
  });

  it("works on a single node", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const union = await test.talosconfig(next, [old, next]);
    await bringAndWait(test, test.running.info.talosconfig, test.endpoint, stateOf("talos", "S1", old, next));
    for (const name of ["S2", "S3"] as const) {
      await bringAndWait(test, union, test.endpoint, stateOf("talos", name, old, next));
    }
    await expectOnly(test, "talos", next);
  });

  it("leaves an open connection alone when its CA is dropped; new ones are refused", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    const { readFile } = await import("node:fs/promises");
    const { dial } = await import("../../../src/sandbox/talos/rpc-client.ts");
    const { certificatePool, openSslKey } = await import("../../../src/sandbox/talos/go-pem.ts");
    const { contextIn } = await import("../../../src/sandbox/talos/talosconfig.ts");
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const admin = contextIn(await readFile(test.running.info.talosconfig, "utf8"), undefined);
    const open = await dial({
      routes: test.running.network.routes(),
      address: test.endpoint,
      port: 50_000,
      roots: certificatePool(admin.ca),
      identity: { cert: admin.crt, key: openSslKey(admin.key) },
      now: Date.now(),
    });
    const union = await test.talosconfig(next, [old, next]);
    await bringAndWait(test, test.running.info.talosconfig, test.endpoint, stateOf("talos", "S1", old, next));
    for (const name of ["S2", "S3"] as const) {
      await bringAndWait(test, union, test.endpoint, stateOf("talos", name, old, next));
    }
    expect((await open.call("Version", {}, { node: test.endpoint })).result).toMatchObject({
      features: { rbac: true },
    });
    open.close();
    expect(await probe(test, await test.talosconfig(old, [old, next]), test.endpoint)).toBe(
      "client rejected",
    );
  });
});

describe("a Kubernetes API CA rotation in the right order", () => {
  it.each([
    { talos: "1.13", layout: "legacy" },
    { talos: "1.14", layout: "document" },
    { talos: "1.14", layout: "legacy" },
  ] as const)("ends with all nodes ready and only the new CA ($talos, $layout)", async (options) => {
    const test = await cluster(options);
    const admin = test.running.info.talosconfig;
    const old = test.running.secrets.kubernetes;
    const next = await nextAuthority("kubernetes");
    const steps: readonly [StateName, readonly string[]][] = [
      ["S1", test.nodes],
      ["S2", test.nodes],
      ["S3", [...test.workers, ...test.controlPlanes]],
    ];
    for (const [name, nodes] of steps) {
      for (const node of nodes) await bringAndWait(test, admin, node, stateOf("kubernetes", name, old, next));
    }
    await expectOnly(test, "kubernetes", next);
    await until("kube-root-ca.crt", () => test.running.kubernetes.rootAuthority === next.crt);
    const kubeconfig = await test.kubeconfig();
    const nodes = await test.kubectl("--kubeconfig", kubeconfig, "get", "nodes");
    expect(nodes.stdout.match(/ Ready\n/g)).toHaveLength(5);
    for (const { kubelet } of test.running.machines) expect(kubelet.accepted).toEqual([next.crt]);
    // The Talos API noticed nothing.
    expect(await probe(test, admin, test.endpoint)).toBe("ok");
  });

  it("rolls back from a full swap", async () => {
    const test = await cluster({ talos: "1.14", controlPlanes: 3, workers: 1 });
    const admin = test.running.info.talosconfig;
    const old = test.running.secrets.kubernetes;
    const next = await nextAuthority("kubernetes");
    for (const name of ["S1", "S2", "S1"] as const) {
      for (const node of test.nodes)
        await bringAndWait(test, admin, node, stateOf("kubernetes", name, old, next));
    }
    for (const node of [...test.workers, ...test.controlPlanes]) {
      await bringAndWait(test, admin, node, stateOf("kubernetes", "S0", old, next));
    }
    await expectOnly(test, "kubernetes", old);
    await until("kube-root-ca.crt", () => test.running.kubernetes.rootAuthority === old.crt);
  });
});
