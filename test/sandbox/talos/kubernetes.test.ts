import { describe, expect, it } from "vitest";
import type { PemPair } from "../../../src/sandbox/talos/certificates.ts";
import { STATIC_PODS } from "../../../src/sandbox/talos/control-plane.ts";
import {
  cluster,
  nextAuthority,
  printed,
  type StateName,
  settle,
  stateOf,
  type TestCluster,
  until,
} from "./harness.ts";

async function bring(test: TestCluster, node: string, name: StateName, next: PemPair): Promise<void> {
  const state = stateOf("kubernetes", name, test.running.secrets.kubernetes, next);
  const run = await test.bring(test.running.info.talosconfig, node, state);
  expect(run.stderr + run.exit).toContain("Applied configuration without a reboot\n0");
}

async function well(test: TestCluster): Promise<void> {
  await until("everything to be well", async () => isWell(test));
}

function isWell(test: TestCluster): boolean {
  return test.running.machines.every(
    (machine) =>
      machine.kubelet.service?.healthy === true &&
      machine.isKubernetesReady() &&
      (machine.controlPlane === null || STATIC_PODS.every((pod) => machine.controlPlane?.isReady(pod))),
  );
}

function notReady(test: TestCluster): readonly string[] {
  return test.running.machines.filter((one) => !one.isKubernetesReady()).map(({ address }) => address);
}

/** One node after the other, and each until everything is well again. */
async function bringAll(
  test: TestCluster,
  nodes: readonly string[],
  name: StateName,
  next: PemPair,
): Promise<void> {
  for (const node of nodes) {
    const machine = test.running.machine(node);
    // Another one once it has restarted, however short the time without any.
    const { service } = machine.kubelet;
    await bring(test, node, name, next);
    await until("the kubelet's restart", () => machine.kubelet.service !== service);
    await well(test);
  }
}

describe("the kubelet", () => {
  it.each(["1.13", "1.14"] as const)(
    "restarts once per step of a rotation, on every node (%s)",
    async (talos) => {
      const test = await cluster({ talos, controlPlanes: 1, workers: 1 });
      const next = await nextAuthority("kubernetes");
      const starts = (): readonly number[] => test.running.machines.map(({ kubelet }) => kubelet.starts);
      const seen = [starts()];
      for (const state of ["S1", "S2", "S3"] as const) {
        await bringAll(test, test.nodes, state, next);
        seen.push(starts());
      }
      expect(seen).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
      ]);
      expect(test.running.kubernetes.rootAuthority).toBe(next.crt);
    },
  );

  it("does not restart, and nothing does, when nothing changes", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 1 });
    const next = await nextAuthority("kubernetes");
    await bringAll(test, test.nodes, "S1", next);
    for (const node of test.nodes) {
      const machine = test.running.machine(node);
      const before = [machine.kubelet.starts, machine.controlPlane?.secretsVersion];
      const service = await test.ask(node, "get", "service", "kubelet", "-o", "json");
      await bring(test, node, "S1", next);
      await settle();
      expect([machine.kubelet.starts, machine.controlPlane?.secretsVersion]).toEqual(before);
      expect(await test.ask(node, "get", "service", "kubelet", "-o", "json")).toEqual(service);
    }
  });

  it("is gone from the services while it restarts, and then a new resource", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 1 });
    const [worker = ""] = test.workers;
    const next = await nextAuthority("kubernetes");
    // So that there is time to look.
    await test.running.fault({ target: worker, fault: "kubelet-stuck" });
    await bring(test, worker, "S1", next);
    await until("its stop", () => test.running.machine(worker).kubelet.service === null);
    const gone = await test.ask(worker, "get", "service", "kubelet", "-o", "json");
    expect(gone.exit).toBe(1);
    expect(gone.stderr).toContain(
      "code = NotFound desc = resource Services.v1alpha1.talos.dev(runtime/kubelet@undefined) doesn't exist",
    );
    await test.running.fault({ target: worker, fault: "clear" });
    await well(test);
    const back = await test.ask(worker, "get", "service", "kubelet", "-o", "json");
    expect(printed(back)).toMatchObject([{ spec: { healthy: true }, metadata: { id: "kubelet" } }]);
  });

  it("takes part when only the order of the accepted CAs changes", async () => {
    const test = await cluster({ talos: "1.14", controlPlanes: 1, workers: 1 });
    const [worker = ""] = test.workers;
    const next = await nextAuthority("kubernetes");
    const { kubelet } = test.running.machine(worker);
    await bring(test, worker, "S1", next);
    await until("a restart", () => kubelet.starts === 2 && kubelet.service?.healthy === true);
    expect(kubelet.accepted).toEqual([test.running.secrets.kubernetes.crt, next.crt]);
    await bring(test, worker, "S2", next);
    await until("a restart", () => kubelet.starts === 3 && kubelet.service?.healthy === true);
    expect(kubelet.accepted).toEqual([next.crt, test.running.secrets.kubernetes.crt]);
  });
});

describe("the control plane", () => {
  it("restarts its static pods with new secrets, and the others carry on", async () => {
    const test = await cluster({ workers: 0 });
    const [first = ""] = test.controlPlanes;
    const kubeconfig = await test.kubeconfig();
    const next = await nextAuthority("kubernetes");
    const version = async (): Promise<unknown> =>
      printed(await test.ask(first, "get", "secretstatus", "-o", "json"))[0]?.spec["version"];
    expect(await version()).toBe("1");
    await test.running.fault({ target: first, fault: "pods-stuck" });
    await bring(test, first, "S1", next);
    const machine = test.running.machine(first);
    await until("the restart", () => machine.controlPlane?.view === null);
    const own = await test.kubectl(
      "--kubeconfig",
      kubeconfig,
      "--server",
      `https://${first}:6443`,
      "get",
      "--raw",
      "/readyz",
    );
    expect(own.exit).toBe(1);
    expect(own.stderr).toBe(
      `The connection to the server ${first}:6443 was refused - did you specify the right host or port?\n`,
    );
    const shared = await test.kubectl("--kubeconfig", kubeconfig, "get", "--raw", "/readyz");
    expect(shared).toEqual({ exit: 0, stdout: "ok", stderr: "" });
    const pod = await test.ask(
      first,
      "get",
      "staticpodstatus",
      "kube-system/kube-apiserver-controlplane-1",
      "-o",
      "json",
    );
    const { spec } = JSON.parse(pod.stdout) as { spec: { conditions: { type: string; status: string }[] } };
    expect(spec.conditions.find(({ type }) => type === "Ready")?.status).toBe("False");
    await test.running.fault({ target: first, fault: "clear" });
    await well(test);
    expect(await version()).toBe("2");
  });

  it("is away altogether when nobody waits between control planes", async () => {
    const test = await cluster({ workers: 0 });
    const kubeconfig = await test.kubeconfig();
    const next = await nextAuthority("kubernetes");
    await test.running.fault({ target: "all", fault: "pods-stuck" });
    await Promise.all(test.controlPlanes.map((node) => bring(test, node, "S1", next)));
    await until("the restarts", () =>
      test.running.machines.every(({ controlPlane }) => controlPlane?.view === null),
    );
    const run = await test.kubectl("--kubeconfig", kubeconfig, "get", "nodes");
    expect(run).toMatchObject({ exit: 1, stderr: "Unable to connect to the server: EOF\n" });
    await test.running.fault({ target: "all", fault: "clear" });
    await well(test);
  });

  it("keeps everything as it was when the key is wrong", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    const [node = ""] = test.controlPlanes;
    const [next, other] = await Promise.all([nextAuthority("kubernetes"), nextAuthority("kubernetes")]);
    const machine = test.running.machine(node);
    const state = stateOf("kubernetes", "S2", test.running.secrets.kubernetes, {
      crt: next.crt,
      key: other.key,
    });
    await test.bring(test.running.info.talosconfig, node, state);
    await until("the failure", () => machine.problem !== null);
    await settle();
    expect(machine.problem).toContain("doesn't match parent's PublicKey");
    expect(machine.controlPlane?.secretsVersion).toBe(1);
  });

  it("issues nothing while its clock is not in sync", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    const [node = ""] = test.controlPlanes;
    const next = await nextAuthority("kubernetes");
    await test.running.fault({ target: node, fault: "time-unsynced" });
    const status = printed(await test.ask(node, "get", "timestatus", "-o", "json"));
    expect(status[0]?.spec["synced"]).toBe(false);
    await bring(test, node, "S1", next);
    await settle();
    expect(test.running.machine(node).controlPlane?.secretsVersion).toBe(1);
    await test.running.fault({ target: node, fault: "clear" });
    await until("new secrets", () => test.running.machine(node).controlPlane?.secretsVersion === 2);
  });
});

describe("kube-root-ca.crt", () => {
  it("follows the controller manager that leads, and is never a bundle", async () => {
    const test = await cluster({ workers: 0 });
    const [first = "", second = ""] = test.controlPlanes;
    const kubeconfig = await test.kubeconfig();
    const old = test.running.secrets.kubernetes;
    const next = await nextAuthority("kubernetes");
    const read = async (config = kubeconfig): Promise<string> => {
      const words = ["get", "cm", "kube-root-ca.crt", "-n", "default", "-o", "json"];
      return JSON.parse((await test.kubectl("--kubeconfig", config, ...words)).stdout).data["ca.crt"];
    };
    expect(await read()).toBe(old.crt);
    await bringAll(test, test.controlPlanes, "S1", next);
    expect(await read()).toBe(old.crt);
    await bringAll(test, [first], "S2", next);
    await test.running.fault({ target: second, fault: "lead" });
    const union = await test.kubeconfig();
    await until("the old CA", async () => (await read(union)) === old.crt);
    await test.running.fault({ target: first, fault: "lead" });
    await until("the new CA", async () => (await read(union)) === next.crt);
    await bringAll(test, test.controlPlanes.slice(1), "S2", next);
    await until("the new CA", async () => (await read(union)) === next.crt);
  });

  it("a kubeconfig trusts what its control plane accepts, and is signed by what it issues with", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    const [node = ""] = test.controlPlanes;
    const next = await nextAuthority("kubernetes");
    const before = await test.kubeconfig();
    const works = async (config: string): Promise<string> =>
      (await test.kubectl("--kubeconfig", config, "get", "nodes")).stderr;
    await bringAll(test, [node], "S1", next);
    const union = await test.kubeconfig();
    expect([await works(before), await works(union)]).toEqual(["", ""]);
    await bringAll(test, [node], "S2", next);
    expect(await works(before)).toContain(
      'x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "kubernetes")',
    );
    expect(await works(union)).toBe("");
    const signedByNew = await test.kubeconfig();
    await bringAll(test, [node], "S3", next);
    expect(await works(union)).toBe("error: You must be logged in to the server (Unauthorized)\n");
    expect(await works(signedByNew)).toBe("");
  });
});

describe("the wrong order", () => {
  it("leaves a worker without S1 behind when the API servers change their CA", async () => {
    const test = await cluster({ workers: 2 });
    const [spared = "", regular = ""] = test.workers;
    const next = await nextAuthority("kubernetes");
    await bringAll(test, [...test.controlPlanes, regular], "S1", next);
    for (const node of test.controlPlanes) {
      await bring(test, node, "S2", next);
      await until("the control plane", () => test.running.machine(node).controlPlane?.view !== null);
      await settle();
    }
    await until("NotReady, and only it", () => notReady(test).join() === spared);
    const kubeconfig = await test.kubeconfig();
    const nodes = await test.kubectl("--kubeconfig", kubeconfig, "get", "nodes", "-o", "json");
    const list = JSON.parse(nodes.stdout) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
    };
    const status = Object.fromEntries(
      list.items.map((item) => [
        item.metadata.name,
        item.status.conditions.find(({ type }) => type === "Ready")?.status,
      ]),
    );
    expect(status).toMatchObject({ "worker-1": "Unknown", "worker-2": "True" });
    // The late patch makes it well again.
    await bring(test, spared, "S1", next);
    await well(test);
  });

  it("dropping the old CA on control planes first costs the workers their API servers", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 2 });
    const next = await nextAuthority("kubernetes");
    await bringAll(test, test.nodes, "S1", next);
    await bringAll(test, test.nodes, "S2", next);
    // In S2 the kubelets still have the client certificates that the old CA signed.
    await bring(test, test.endpoint, "S3", next);
    await until("NotReady, and only the workers", () => notReady(test).join() === test.workers.join());
    for (const node of test.workers) await bring(test, node, "S3", next);
    await well(test);
  });

  it("dropping it on workers first costs nothing", async () => {
    const test = await cluster({ controlPlanes: 3, workers: 2 });
    const next = await nextAuthority("kubernetes");
    await bringAll(test, test.nodes, "S1", next);
    await bringAll(test, test.nodes, "S2", next);
    const lost: string[] = [];
    const watch = setInterval(() => lost.push(...notReady(test)), 5);
    for (const node of test.workers) {
      await bringAll(test, [node], "S3", next);
      const pem = await test.ask(node, "read", "/var/lib/kubelet/pki/kubelet-client-current.pem");
      expect(pem.stdout).toContain("-----BEGIN CERTIFICATE-----");
    }
    clearInterval(watch);
    expect(lost).toEqual([]);
  });

  it("a swap without S1 on a single control plane cuts its own kubelets off", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 1 });
    const next = await nextAuthority("kubernetes");
    await bring(test, test.endpoint, "S3", next);
    await until("NotReady", () => notReady(test).includes(test.workers[0] ?? ""));
  });
});
