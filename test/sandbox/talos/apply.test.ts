import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { issue } from "../../../src/sandbox/talos/certificates.ts";
import { encodeBase64 } from "../../../src/sandbox/values.ts";
import {
  cluster,
  nextAuthority,
  outcomeOf,
  printed,
  probe,
  stateOf,
  type TestCluster,
  until,
  withState,
} from "./harness.ts";

const SMALL = { controlPlanes: 1, workers: 1 } as const;

async function configs(test: TestCluster, node: string): Promise<{ active: string; persistent: string }> {
  const { store } = test.running.machine(node);
  const shown = await test.ask(node, "get", "mc", "-o", "json");
  // Concatenated objects, not an array.
  expect(shown.stdout.match(/^\{$/gm)).toHaveLength(2);
  return { active: store.active, persistent: store.persistent };
}

/** Of the texts that a refusal has, the one that says why. */
const ALWAYS_THE_ALERT = () => 0.99;

describe("apply-config", () => {
  it("keeps the bytes that it was sent", async () => {
    const test = await cluster(SMALL);
    const node = test.endpoint;
    const before = await test.machineConfig(test.running.info.talosconfig, node);
    expect(parseAllDocuments(before).length).toBeGreaterThan(3);
    const sent = `${before}\n# the last line,   with   spaces \n`;
    const run = await test.ask(node, "apply-config", "-f", await test.file(sent), "--mode=no-reboot");
    expect(run).toEqual({ exit: 0, stdout: "", stderr: "Applied configuration without a reboot\n" });
    expect(await test.machineConfig(test.running.info.talosconfig, node)).toBe(sent);
    expect(await configs(test, node)).toEqual({ active: sent, persistent: sent });
  });

  it("counts the resource's version up, and only for a change", async () => {
    const test = await cluster(SMALL);
    const node = test.endpoint;
    const version = async (): Promise<number> =>
      Number(printed(await test.ask(node, "get", "mc", "v1alpha1", "-o", "json"))[0]?.metadata.version);
    const first = await version();
    const text = await test.machineConfig(test.running.info.talosconfig, node);
    await test.ask(node, "apply-config", "-f", await test.file(text), "-m", "no-reboot");
    expect(await version()).toBe(first);
    await test.ask(node, "apply-config", "-f", await test.file(`${text}# more\n`), "-m", "no-reboot");
    expect(await version()).toBe(first + 1);
  });

  it("stages for the next boot", async () => {
    const test = await cluster(SMALL);
    const node = test.workers[0] ?? "";
    const before = await test.machineConfig(test.running.info.talosconfig, node);
    const staged = `${before}# staged\n`;
    const run = await test.ask(node, "apply-config", "-f", await test.file(staged), "--mode=staged");
    expect(run.stderr).toBe("Staged configuration to be applied after the next reboot\n");
    expect(await configs(test, node)).toEqual({ active: before, persistent: staged });
    await test.running.fault({ target: node, fault: "reboot" });
    await until("the staged configuration", async () => test.running.machine(node).store.active === staged);
  });

  it("reverts a try by itself, and keeps one that is applied again", async () => {
    const test = await cluster(SMALL);
    const node = test.endpoint;
    const { store } = test.running.machine(node);
    const before = store.active;
    const file = await test.file(`${before}# tried\n`);
    const tried = await test.ask(node, "apply-config", "-f", file, "--mode=try", "--timeout=10s");
    expect(tried.stderr).toBe(
      "Applied configuration without a reboot\nThe config is applied in 'try' mode and will be automatically reverted back in 10s\n",
    );
    expect(store.active).not.toBe(before);
    expect(store.persistent).toBe(before);
    // A try is at most ten times faster than real.
    await until("the revert", () => store.active === before);

    await test.ask(node, "apply-config", "-f", file, "--mode=try", "--timeout=10s");
    await test.ask(node, "apply-config", "-f", file, "--mode=no-reboot");
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(store.active).toBe(`${before}# tried\n`);
    expect(store.persistent).toBe(`${before}# tried\n`);
  });

  it("a refused apply ends the safety net of a try all the same", async () => {
    const test = await cluster(SMALL);
    const node = test.endpoint;
    const { store } = test.running.machine(node);
    const tried = `${store.active}# tried\n`;
    await test.ask(node, "apply-config", "-f", await test.file(tried), "--mode=try", "--timeout=10s");
    const refused = await test.ask(
      node,
      "apply-config",
      "-f",
      await test.file("version: v1alpha1\n"),
      "-m",
      "no-reboot",
    );
    expect(refused.exit).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(store.active).toBe(tried);
    expect(store.persistent).not.toBe(tried);
  });

  it("a reboot forgets a tried configuration", async () => {
    const test = await cluster(SMALL);
    const node = test.endpoint;
    const { store } = test.running.machine(node);
    const before = store.active;
    await test.ask(
      node,
      "apply-config",
      "-f",
      await test.file(`${before}# tried\n`),
      "--mode=try",
      "--timeout=5m",
    );
    await test.running.fault({ target: node, fault: "reboot" });
    await until("the boot", () => store.active === before && test.running.machine(node).isOn);
  });

  it("refuses a second apply while one is under way", async () => {
    const test = await cluster({ ...SMALL, speed: 5 });
    const node = test.endpoint;
    const file = await test.file(`${test.running.machine(node).store.active}# x\n`);
    const runs = await Promise.all(
      [1, 2].map(() => test.ask(node, "apply-config", "-f", file, "-m", "no-reboot")),
    );
    expect(runs.map(({ exit }) => exit).sort()).toEqual([0, 1]);
    expect(runs.map(({ stderr }) => stderr).join("")).toContain(
      "error applying new configuration: another apply configuration is already in progress",
    );
  });

  it("knows the modes of its release", async () => {
    const text = "    type: controlplane # Defines";
    for (const [talos, reboots] of [
      ["1.13", true],
      ["1.14", false],
    ] as const) {
      const test = await cluster({ ...SMALL, talos });
      const node = test.endpoint;
      const { store } = test.running.machine(node);
      const file = await test.file(store.active);
      const named = await test.ask(node, "apply-config", "-f", file, "--mode=reboot");
      expect(named.exit).toBe(reboots ? 0 : 1);
      if (!reboots) expect(named.stderr).toContain("possible options are: auto, no-reboot, staged, try");
      if (reboots) await until("the reboot", () => !test.running.machine(node).isOn);
      await until("the machine to be back", async () => (await test.ask(node, "version")).exit === 0);
      // `env` is not among the fields that can be changed at once.
      expect(store.active).toContain(text);
      const changed = await test.file(store.active.replace(text, `    env: {A: "b"}\n${text}`));
      const auto = await test.ask(node, "apply-config", "-f", changed, "--mode=no-reboot");
      expect(auto.stderr).toContain("this config change can't be applied in immediate mode");
      const chosen = await test.ask(node, "apply-config", "-f", changed);
      expect(chosen.exit).toBe(reboots ? 0 : 1);
      if (reboots) expect(chosen.stderr).toContain("Applied configuration with a reboot");
    }
  });

  it("shows private keys in a dry run, and changes nothing", async () => {
    const test = await cluster(SMALL);
    const node = test.endpoint;
    const { store } = test.running.machine(node);
    const before = store.active;
    const next = await nextAuthority("talos");
    const file = await test.file(
      withState(before, stateOf("talos", "S2", test.running.secrets.talos, next), true),
    );
    const run = await test.ask(node, "apply-config", "-f", file, "--mode=no-reboot", "--dry-run");
    expect(run.exit).toBe(0);
    expect(run.stderr).toContain(
      "Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).",
    );
    expect(run.stderr).toContain(encodeBase64(next.key));
    expect(store.active).toBe(before);
  });
});

describe("what a node refuses", () => {
  it.each<[string, "controlplane" | "worker", (text: string, test: TestCluster) => string, string]>([
    [
      "a control plane without a key",
      "controlplane",
      (text) => text.replace(/(machine:[\s\S]*? key: )\S+/, '$1""'),
      "issuing CA key is required for controlplane nodes (.machine.ca.key)",
    ],
    [
      "a worker with a key",
      "worker",
      (text, test) => text.replace('key: ""', `key: ${encodeBase64(test.running.secrets.talos.key)}`),
      "issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)",
    ],
    [
      "broken base64",
      "controlplane",
      (text) => text.replace(/crt: LS0t/, "crt: LS*t"),
      "illegal base64 data",
    ],
    [
      "an unknown key",
      "worker",
      (text) => text.replace("certSANs:", "certSans:"),
      "unknown keys found during decoding",
    ],
    ["YAML that is none", "worker", (text) => `${text}\n: [`, "yaml:"],
    [
      "a configuration without the v1alpha1 document",
      "worker",
      () => "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x\n",
      "doesn't contain v1alpha1 config, did you mean to patch",
    ],
  ])("%s", async (_, type, change, message) => {
    const test = await cluster(SMALL);
    const node = (type === "worker" ? test.workers : test.controlPlanes)[0] ?? "";
    const { store } = test.running.machine(node);
    const before = store.active;
    const changed = change(before, test);
    expect(changed).not.toBe(before);
    const run = await test.ask(node, "apply-config", "-f", await test.file(changed), "--mode=no-reboot");
    expect(run.exit).toBe(1);
    expect(run.stderr).toContain("error applying new configuration: ");
    expect(run.stderr).toContain(message);
    expect(store.active).toBe(before);
  });

  it("both places for the Kubernetes CA at once", async () => {
    const test = await cluster({ ...SMALL, talos: "1.14" });
    const node = test.endpoint;
    const { kubernetes } = test.running.secrets;
    const ca = `\ncluster:\n    ca: {crt: ${encodeBase64(kubernetes.crt)}, key: ${encodeBase64(kubernetes.key)}}\n`;
    const file = await test.file(test.running.machine(node).store.active.replace("\ncluster:\n", ca));
    const run = await test.ask(node, "apply-config", "-f", file, "--mode=no-reboot");
    expect(run.stderr).toContain(`${node}: error applying configuration: rpc error: code = InvalidArgument`);
    expect(run.stderr).toContain("kube-apiserver CA is already set in v1alpha1 config (.cluster.ca)");
  });

  it("a legacy Kubernetes CA is still honoured by 1.14", async () => {
    const test = await cluster({ ...SMALL, talos: "1.14", layout: "legacy" });
    expect(test.running.info.layout).toBe("legacy");
    expect(await test.kubeconfig()).toContain("kubeconfig");
  });
});

describe("what breaks a node's certificates", () => {
  it("a key that is not the certificate's stops issuance", async () => {
    const test = await cluster(SMALL);
    const node = test.endpoint;
    const machine = test.running.machine(node);
    const before = machine.apid.certificates;
    const [next, other] = await Promise.all([nextAuthority("talos"), nextAuthority("talos")]);
    const old = test.running.secrets.talos;
    const wrong = { crt: next.crt, key: other.key };
    // Nobody looks at apply time.
    const run = await test.bring(test.running.info.talosconfig, node, stateOf("talos", "S2", old, wrong));
    expect(run.exit).toBe(0);
    await until("the failure", () => machine.problem !== null);
    expect(machine.problem).toBe("x509: provided PrivateKey doesn't match parent's PublicKey");
    expect(machine.apid.certificates).toBe(before);
    expect(await probe(test, test.running.info.talosconfig, node)).toBe("ok");
    const made = await test.ask(node, "config", "new", "fresh", "--roles", "os:reader");
    expect(made.stderr).toContain("doesn't match parent's PublicKey");
  });

  it("glued PEM blocks are nobody, and lock everybody out", async () => {
    const test = await cluster({ ...SMALL, random: ALWAYS_THE_ALERT });
    const node = test.endpoint;
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const glued = { kind: "talos", issuing: old, accepted: [next.crt.trimEnd()] } as const;
    expect((await test.bring(test.running.info.talosconfig, node, glued)).exit).toBe(0);
    await until(
      "the lock-out",
      async () => (await probe(test, test.running.info.talosconfig, node)) !== "ok",
    );
    const run = await test.directly(test.running.info.talosconfig, node, "version");
    expect(run.stderr).toContain("remote error: tls: internal error");
  });

  it("a worker cannot get a certificate from an authority of another algorithm", async () => {
    const test = await cluster(SMALL);
    const [worker = ""] = test.workers;
    const old = test.running.secrets.talos;
    const { mintAuthority } = await import("../../../src/sandbox/talos/certificates.ts");
    const next = await mintAuthority("talos", { now: Date.now(), algorithm: "ECDSA P-256" });
    const both = await test.talosconfig(old, [old, next]);
    for (const node of test.nodes) await test.bring(both, node, stateOf("talos", "S1", old, next));
    const bundles = (): readonly string[] =>
      test.running.machines.map(({ apid }) => apid.certificates?.accepted.join("") ?? "");
    await until("trust of the new CA", () => bundles().every((bundle) => bundle.includes(next.crt)));
    await test.bring(both, test.endpoint, stateOf("talos", "S2", old, next));
    const newOnly = await test.talosconfig(next, [next]);
    await until("the swap", async () => (await probe(test, newOnly, test.endpoint)) === "ok");
    await test.running.fault({ target: worker, fault: "renew" });
    const machine = test.running.machine(worker);
    await until("the failure", () => machine.problem !== null);
    expect(machine.problem).toContain("does not match private key type");
  });
});

describe("client certificates", () => {
  it.each([
    ["both usages", { usage: ["clientAuth", "serverAuth"] }, "bad certificate"],
    ["the server's usage", { usage: "serverAuth" }, "bad certificate"],
    ["a life that is over", { backdateSeconds: 7200 }, "expired certificate"],
  ] as const)("with %s are refused", async (_, profile, alert) => {
    const test = await cluster({ ...SMALL, random: ALWAYS_THE_ALERT });
    const { talos } = test.running.secrets;
    const config = await test.talosconfig(talos, [talos], profile as object);
    const run = await test.directly(config, test.endpoint, "version");
    expect(run.stderr).toContain(
      `code = Unavailable desc = connection error: desc = "error reading server preface: remote error: tls: ${alert}"`,
    );
  });

  it("are required, and have to be signed by an authority, not by another client", async () => {
    const test = await cluster({ ...SMALL, random: ALWAYS_THE_ALERT });
    const { talos } = test.running.secrets;
    const anonymous = await test.file(
      `context: c\ncontexts: {c: {endpoints: [${test.endpoint}], ca: ${encodeBase64(talos.crt)}}}\n`,
    );
    expect((await test.directly(anonymous, test.endpoint, "version")).stderr).toContain(
      "tls: certificate required",
    );
    const client = await issue(talos, {
      organizations: ["os:admin"],
      usage: "clientAuth",
      now: Date.now(),
      hours: 1,
    });
    const below = await test.talosconfig(client, [talos]);
    expect(await probe(test, below, test.endpoint)).toBe("client rejected");
  });

  it("decide by their role what may be done", async () => {
    const test = await cluster(SMALL);
    const reader = test.running.info.readerTalosconfig;
    const [node, worker = ""] = [test.endpoint, test.workers[0]];
    for (const argv of [["version"], ["get", "members"], ["get", "machinetype"], ["time"]]) {
      expect((await test.as(reader, node, ...argv)).exit, argv.join(" ")).toBe(0);
    }
    const file = await test.file("x");
    for (const argv of [
      ["get", "mc"],
      ["get", "osrootsecrets"],
      ["get", "apicertificates"],
      ["get", "kubeletsecrets"],
      ["kubeconfig", "-"],
      ["apply-config", "-f", file],
      ["config", "new", "mine"],
      ["read", "/system/secrets/kubernetes/kube-apiserver/apiserver.crt"],
    ]) {
      const run = await test.as(reader, node, ...argv);
      expect(run.stderr, argv.join(" ")).toContain("not authorized");
      expect(run.exit).toBe(1);
    }
    // The role travels with a forwarded call.
    expect((await test.as(reader, worker, "get", "mc")).stderr).toContain("not authorized");
    expect((await test.as(reader, worker, "version")).exit).toBe(0);
    // And nobody becomes an apid by claiming to be one: an impersonator has the roles that it passes on, here none.
    const { talos } = test.running.secrets;
    const impersonator = await test.talosconfig(talos, [talos], { organizations: ["os:impersonator"] });
    expect((await test.directly(impersonator, node, "version")).stderr).toContain("not authorized");
  });

  it("do not help a worker to forward", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 2 });
    const [first = "", second = ""] = test.workers;
    const run = await test.talosctl(
      "--talosconfig",
      test.running.info.talosconfig,
      "-e",
      first,
      "-n",
      second,
      "version",
    );
    expect(outcomeOf(run)).toBe("no forwarding");
    expect(await probe(test, test.running.info.talosconfig, first)).toBe("ok");
  });
});
