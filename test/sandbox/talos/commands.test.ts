import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { compareVersions } from "../../../src/sandbox/talos/talosctl-client.ts";
import { cluster, nextAuthority, probe, stateOf, until } from "./harness.ts";

const SMALL = { controlPlanes: 1, workers: 1 } as const;

describe("talosctl version", () => {
  it("prints one line of JSON per node, with its address only when the endpoint asks the nodes", async () => {
    for (const [talos, hostname] of [
      ["1.13", true],
      ["1.14", false],
    ] as const) {
      const test = await cluster({ ...SMALL, talos });
      const run = await test.ask(test.nodes.join(","), "version", "--json");
      const lines = run.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines).toHaveLength(2);
      expect(lines.map(({ metadata }) => metadata)).toEqual(
        hostname ? test.nodes.map((node) => ({ hostname: node })) : [undefined, undefined],
      );
      expect(lines[0]).toMatchObject({
        version: { tag: test.running.info.talos, os: "linux" },
        features: { rbac: true },
      });
    }
  });

  it("exits 0 on 1.13 when one of the nodes answered, 1 on 1.14", async () => {
    for (const [talos, exit] of [
      ["1.13", 0],
      ["1.14", 1],
    ] as const) {
      const test = await cluster({ ...SMALL, talos });
      const [worker = ""] = test.workers;
      await test.running.fault({ target: worker, fault: "offline" });
      const run = await test.ask(test.nodes.join(","), "version", "--json");
      expect(run.exit).toBe(exit);
      expect(run.stdout.trim().split("\n")).toHaveLength(1);
      expect(run.stderr).toContain(`dial tcp ${worker}:50000: connect: connection refused`);
      expect((await test.ask(worker, "version")).exit).toBe(1);
    }
  });

  it("prints text with tabs", async () => {
    const test = await cluster(SMALL);
    const run = await test.ask(test.endpoint, "version");
    expect(run.stdout).toMatch(/^Client:\n\tTag: +v1\.13\.9\n[\s\S]*Server:\n\tNODE: +127|10\./);
    expect(run.stdout).toContain("\tEnabled:     RBAC\n");
    const client = await test.talosctl("version", "--client", "--short");
    expect(client).toEqual({ exit: 0, stdout: "Client:\nTalos v1.13.9\n", stderr: "" });
  });
});

describe("talosctl get", () => {
  it("prints JSON objects one after the other, YAML documents with a line between them", async () => {
    const test = await cluster(SMALL);
    const json = await test.ask(test.endpoint, "get", "members", "-o", "json");
    const [first = "", second = ""] = json.stdout.split(/(?<=^\}\n)/m);
    expect(
      [first, second].map((one) => (JSON.parse(one) as { spec: { machineType: string } }).spec.machineType),
    ).toEqual(["controlplane", "worker"]);
    expect(Object.keys(JSON.parse(first) as object)).toEqual(["metadata", "node", "spec"]);
    expect(first).toContain('\n        "created": "');
    const yaml = await test.ask(test.endpoint, "get", "members", "-o", "yaml");
    expect(yaml.stdout.startsWith(`node: ${test.endpoint}\nmetadata:\n    namespace: cluster\n`)).toBe(true);
    expect(yaml.stdout.split("\n---\n")).toHaveLength(2);
  });

  it("gives the configuration as one string, with an annotation that says so", async () => {
    const test = await cluster(SMALL);
    const { store } = test.running.machine(test.endpoint);
    const yaml = await test.ask(test.endpoint, "get", "machineconfig", "v1alpha1", "-o", "yaml");
    expect(parse(yaml.stdout)).toMatchObject({
      metadata: {
        type: "MachineConfigs.config.talos.dev",
        owner: "",
        annotations: { "talos.dev/yaml-spec": "1" },
      },
      spec: store.active,
    });
  });

  it("shows what each side really uses", async () => {
    const test = await cluster({ ...SMALL, foreign: true });
    const [worker = ""] = test.workers;
    const spec = async (node: string, type: string, id: string): Promise<Record<string, unknown>> =>
      (
        parse((await test.ask(node, "get", type, id, "-o", "yaml")).stdout) as {
          spec: Record<string, unknown>;
        }
      ).spec;
    // The configured list, then the issuing CA; workers have no issuing CA to show.
    expect((await spec(test.endpoint, "osrootsecrets", "os"))["acceptedCAs"]).toHaveLength(2);
    expect((await spec(worker, "osrootsecrets", "os"))["issuingCA"]).toBeNull();
    // Control planes: one per CA, and a client certificate. Workers: one bundle from trustd, and none.
    const own = await spec(test.endpoint, "apicertificates", "api");
    expect(own["acceptedCAs"]).toHaveLength(2);
    expect(own["client"]).toBeDefined();
    const given = await spec(worker, "apicertificates", "api");
    expect(given["acceptedCAs"]).toHaveLength(1);
    expect(given["client"]).toBeUndefined();
    const [{ crt } = { crt: "" }] = given["acceptedCAs"] as { crt: string }[];
    expect(
      Buffer.from(crt, "base64")
        .toString()
        .match(/BEGIN CERTIFICATE/g),
    ).toHaveLength(2);
    expect((await spec(test.endpoint, "trustdcertificates", "trustd"))["server"]).toBeDefined();
    expect((await spec(test.endpoint, "kubernetesrootsecrets", "k8s"))["issuingCA"]).toBeDefined();
    expect((await spec(worker, "kubeletsecrets", "kubelet"))["acceptedCAs"]).toHaveLength(2);
    expect(await spec(test.endpoint, "machinestatus", "machine")).toEqual({
      stage: "running",
      status: { ready: true, unmetConditions: [] },
    });
    expect((await spec(worker, "identity", "local"))["nodeId"]).toBe(test.running.machine(worker).nodeId);
  });

  it("warns of a server older than the client, on stderr", async () => {
    const test = await cluster({ ...SMALL, talos: "1.13", client: "1.14" });
    const run = await test.ask(test.endpoint, "get", "machinetype", "-o", "json");
    expect(run).toEqual({
      exit: 0,
      stdout: expect.stringContaining('"spec": "controlplane"'),
      stderr: `WARNING: ${test.endpoint}: server version 1.13.9 is older than client version 1.14.0\n`,
    });
    expect(compareVersions("1.14.0", "1.13.9")).toBeGreaterThan(0);
  });

  it("prints the good nodes and exits 1", async () => {
    const test = await cluster(SMALL);
    await test.running.fault({ target: "worker-1", fault: "offline" });
    const run = await test.ask(test.nodes.join(","), "get", "machinetype", "-o", "json");
    expect(run.exit).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({ spec: "controlplane" });
    expect(run.stderr).toContain("1 error occurred:");
  });

  it("marks its errors by exit code 1 only", async () => {
    const test = await cluster(SMALL);
    for (const [argv, message] of [
      [["get", "nosuch"], 'resource "nosuch" is not registered'],
      [["get", "mc", "nosuch"], "doesn't exist"],
      [["get"], "arg(s)"],
      [["get", "mc", "-o", "xml"], 'output format "xml" is not supported'],
      [["rotate-ca"], 'unknown command "rotate-ca" for "talosctl"'],
      [["version", "--nope"], "unknown flag: --nope"],
      [["version", "-z"], "unknown shorthand flag: 'z' in -z"],
      [["get", "mc", "-o"], "flag needs an argument: -o"],
      [["read", "/etc/passwd"], "no such file or directory"],
    ] as const) {
      const run = await test.ask(test.endpoint, ...argv);
      expect(run.exit, argv.join(" ")).toBe(1);
      expect(run.stderr).toContain(message);
    }
    const usage = await test.ask(test.endpoint, "version", "--nope");
    expect(usage.stderr).toContain("\nUsage:\n");
  });
});

describe("whom talosctl asks", () => {
  it("needs a configuration, a context, nodes and endpoints", async () => {
    const test = await cluster(SMALL);
    const { talosconfig } = test.running.info;
    const error = async (...argv: readonly string[]): Promise<string> =>
      (await test.talosctl(...argv)).stderr;
    expect(await error("--talosconfig", "nowhere", "version")).toContain(
      'failed to open config file "nowhere"',
    );
    expect(await error("--talosconfig", talosconfig, "version")).toContain(
      "nodes are not set for the command",
    );
    expect(await error("--talosconfig", talosconfig, "--context", "x", "version")).toContain(
      'context "x" is not defined',
    );
    const bare = await test.file("context: a\ncontexts: {a: {ca: ''}}\n");
    expect(await error("--talosconfig", bare, "-n", test.endpoint, "version")).toContain(
      "failed to determine endpoints",
    );
  });

  it("uses whichever endpoint works, and reports the last error when none does", async () => {
    const test = await cluster({ controlPlanes: 3, workers: 0 });
    const [first = "", second = "", third = ""] = test.controlPlanes;
    const { talosconfig } = test.running.info;
    await test.running.fault({ target: first, fault: "offline" });
    await test.running.fault({ target: second, fault: "offline" });
    for (let call = 0; call < 5; call++) {
      const run = await test.talosctl("--talosconfig", talosconfig, "-n", third, "version");
      expect(run.exit).toBe(0);
    }
    await test.running.fault({ target: third, fault: "offline" });
    expect((await test.talosctl("--talosconfig", talosconfig, "-n", third, "version")).stderr).toContain(
      "connection refused",
    );
  });

  it("checks that the certificate is for the address that it dialed", async () => {
    const test = await cluster({ ...SMALL, mapped: true });
    const [worker = ""] = test.workers;
    // A machine answers at another's address.
    const sandbox = join(test.directory, "talos.json");
    const text = await readFile(sandbox, "utf8");
    const file = JSON.parse(text) as { routes: Record<string, string> };
    const { writeFile } = await import("node:fs/promises");
    file.routes[`${worker}:50000`] = file.routes[`${test.endpoint}:50000`] ?? "";
    await writeFile(sandbox, JSON.stringify(file));
    const run = await test.directly(test.running.info.talosconfig, worker, "version");
    expect(run.stderr).toMatch(/x509: certificate is valid for .*, not 10\.5\.0\.3/);
  });
});

describe("client configurations", () => {
  it("config new makes one from the issuing CA only, and never overwrites", async () => {
    const test = await cluster(SMALL);
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const union = await test.talosconfig(old, [old, next]);
    const made = async (name: string): Promise<string> => {
      const run = await test.directly(
        union,
        test.endpoint,
        "config",
        "new",
        name,
        "--roles",
        "os:admin",
        "--crt-ttl",
        "2h",
      );
      expect(run.stderr).toBe("");
      expect((await stat(join(test.directory, name))).mode & 0o777).toBe(0o600);
      return join(test.directory, name);
    };
    await test.bring(union, test.endpoint, stateOf("talos", "S1", old, next));
    expect(await probe(test, await made("in-s1"), test.endpoint)).toBe("ok");
    await test.bring(union, test.endpoint, stateOf("talos", "S2", old, next));
    await until(
      "S2",
      async () => (await probe(test, join(test.directory, "in-s1"), test.endpoint)) === "server untrusted",
    );
    expect(await probe(test, await made("in-s2"), test.endpoint)).toBe("ok");
    expect((await test.directly(union, test.endpoint, "config", "new", "in-s2")).stderr).toContain(
      "talosconfig file already exists",
    );
    const onWorker = await test.directly(union, test.workers[0] ?? "", "config", "new", "other");
    expect(onWorker.stderr).toContain("code = Unimplemented");
    const info = await test.talosctl(
      "--talosconfig",
      join(test.directory, "in-s2"),
      "config",
      "info",
      "-o",
      "json",
    );
    expect(JSON.parse(info.stdout)).toMatchObject({ roles: ["os:admin"], endpoints: [test.endpoint] });
  });

  it("kubeconfig comes from control planes only, and never silently overwrites", async () => {
    const test = await cluster(SMALL);
    const [worker = ""] = test.workers;
    const shown = await test.ask(test.endpoint, "kubeconfig", "-", "--merge=false");
    expect(parse(shown.stdout)).toMatchObject({
      "current-context": "admin@talos-sandbox",
      clusters: [{ cluster: { server: test.running.info.endpoint } }],
    });
    expect((await test.ask(worker, "kubeconfig", "-")).stderr).toContain("code = Unimplemented");
    expect((await test.ask(test.endpoint, "kubeconfig", "k", "--merge=false")).exit).toBe(0);
    expect((await stat(join(test.directory, "k"))).mode & 0o777).toBe(0o600);
    expect((await test.ask(test.endpoint, "kubeconfig", "k", "--merge=false")).stderr).toContain(
      "use --force",
    );
    expect((await test.ask(test.endpoint, "kubeconfig", "k", "--merge=false", "--force")).exit).toBe(0);
    expect((await test.ask(test.endpoint, "kubeconfig", "k")).stderr).toContain("--merge=false");
  });
});

describe("kubectl", () => {
  it("reads what a rotation has to read", async () => {
    const test = await cluster(SMALL);
    const kubeconfig = await test.kubeconfig();
    const run = async (...argv: readonly string[]) => await test.kubectl("--kubeconfig", kubeconfig, ...argv);
    const { stdout } = await run("get", "nodes", "-o", "json");
    const list = JSON.parse(stdout) as {
      kind: string;
      items: { metadata: { labels: object }; status: { addresses: unknown } }[];
    };
    expect(list.kind).toBe("List");
    expect(list.items[0]?.metadata.labels).toHaveProperty(["node-role.kubernetes.io/control-plane"]);
    expect(list.items[1]?.status.addresses).toContainEqual({ type: "InternalIP", address: test.workers[0] });
    expect((await run("get", "nodes")).stdout).toMatch(/^NAME +STATUS\ncontrolplane-1 +Ready\n/);
    const pods = JSON.parse((await run("get", "pods", "-n", "kube-system", "-o", "json")).stdout);
    expect(pods.items[0].metadata.name).toBe("kube-apiserver-controlplane-1");
    expect((await run("get", "--raw=/readyz")).stdout).toBe("ok");
    expect((await run("get", "cm", "other", "-n", "default")).stderr).toBe(
      'Error from server (NotFound): configmaps "other" not found\n',
    );
    expect((await run("delete", "nodes")).exit).toBe(1);
    expect((await run("version", "-o", "json")).stdout).toContain('"gitVersion": "v1.35.4"');
    expect((await test.kubectl("get", "nodes", "--kubeconfig", "nowhere")).stderr).toContain(
      "no such file or directory",
    );
  });
});
