import { execFile, spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { TalosSpec } from "../../src/sandbox/emulated-platform.ts";
import { sandboxDown, sandboxFault, sandboxStatus, sandboxUp } from "../../src/sandbox/sandbox.ts";
import type { TalosMinor } from "../../src/sandbox/talos/dialect.ts";
import { readIdentities } from "../../src/sealing/identities.ts";
import { seal, unseal } from "../../src/sealing/seal.ts";
import type { Printed } from "./harness.ts";

/** A Talos cluster behind the background process, as a stranger uses it. */
let home = "";
let dir = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "it's a sandbox "));
  dir = join(home, ".capstan", "sandbox");
});
afterEach(async () => {
  await sandboxDown(dir);
  await rm(home, { recursive: true, force: true });
});

async function up(talos: TalosMinor, controlPlanes = 1, workers = 1): Promise<TalosSpec["talos"]> {
  const { info } = await sandboxUp({ dir, talos, controlPlanes, workers, speed: 100 });
  const [cluster] = info.clusters;
  if (cluster?.spec.platform !== "talos") throw new Error("it plays something else");
  return cluster.spec.talos;
}

function run([file = "", ...leading]: readonly string[], ...argv: readonly string[]): Promise<Printed> {
  return new Promise((resolve) => {
    execFile(file, [...leading, ...argv], { cwd: "/" }, (error, stdout, stderr) => {
      const exit = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ exit, stdout, stderr });
    });
  });
}

async function talosStatus() {
  const status = await sandboxStatus(dir);
  return (status?.clusters ?? []).flatMap((one) => (one.platform === "talos" ? [one.status] : []))[0];
}

describe("up and down", () => {
  it.each([
    ["1.13", "v1.13.9"],
    ["1.14", "v1.14.0"],
  ] as const)(
    "Talos %s: real executables, a client configuration, and nothing is left behind",
    async (minor, tag) => {
      const spec = await up(minor);
      expect(spec.control_planes).toHaveLength(1);
      expect(spec.workers).toHaveLength(1);
      const [worker = ""] = spec.workers;
      const [controlPlane = ""] = spec.control_planes;
      const as = ["--talosconfig", spec.talosconfig, "-e", controlPlane];
      const version = await run(spec.talosctl, ...as, "-n", worker, "version", "--json");
      expect(JSON.parse(version.stdout)).toMatchObject({ version: { tag } });
      const kubeconfig = join(home, "kubeconfig");
      await run(spec.talosctl, ...as, "-n", controlPlane, "kubeconfig", kubeconfig, "--merge=false");
      const nodes = await run(spec.kubectl, "--kubeconfig", kubeconfig, "get", "nodes", "-o", "json");
      expect((JSON.parse(nodes.stdout) as { items: unknown[] }).items).toHaveLength(2);

      expect(await sandboxDown(dir)).toEqual({ stopped: true });
      expect(readdirSync(home)).toEqual(["kubeconfig"]);
      expect((await run(["/bin/ls", dir])).exit).not.toBe(0);
    },
  );

  it("comes with an identity, and removes what it wrote, and nobody else's", async () => {
    const { recipients } = await up("1.13");
    const file = join(dir, "age-identity.txt");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const identities = await readIdentities({ SOPS_AGE_KEY_FILE: file });
    expect(await unseal(identities, await seal(recipients, "a key"), "it")).toBe("a key");
    await writeFile(join(dir, "bin", "mine"), "");
    await sandboxDown(dir);
    expect(readdirSync(join(dir, "bin"))).toEqual(["mine"]);
    expect(readdirSync(dir)).toEqual(["bin"]);
  });

  it("comes up again where a daemon was killed", async () => {
    await up("1.13");
    const status = await sandboxStatus(dir);
    process.kill(status?.info.pid ?? 0, "SIGKILL");
    await expect.poll(async () => await sandboxStatus(dir)).toBeNull();
    await up("1.14");
    expect((await talosStatus())?.talos).toBe("v1.14.0");
  });
});

describe("while it is up", () => {
  it("keeps its state from call to call, and a log of the calls", async () => {
    const spec = await up("1.13", 1, 0);
    const [controlPlane = ""] = spec.control_planes;
    const as = ["--talosconfig", spec.talosconfig, "-e", controlPlane, "-n", controlPlane];
    const before = parse((await run(spec.talosctl, ...as, "get", "mc", "v1alpha1", "-o", "yaml")).stdout);
    const changed = join(home, "changed.yaml");
    await writeFile(changed, before.spec.replace("certSANs:", "certSANs:\n        - changed.example.com"));
    const applied = await run(spec.talosctl, ...as, "apply-config", "-f", changed, "--mode=no-reboot");
    expect(applied.exit).toBe(0);
    const after = await run(spec.talosctl, ...as, "get", "mc", "v1alpha1", "-o", "yaml");
    expect(after.stdout).toContain("changed.example.com");
    const calls = readFileSync(join(dir, "calls.jsonl"), "utf8").trim().split("\n");
    expect(calls.map((line) => (JSON.parse(line) as { argv: string[] }).argv[6])).toEqual([
      "get",
      "apply-config",
      "get",
    ]);
  });

  it("hangs up on the machine when whoever called has gone", async () => {
    const spec = await up("1.13", 1, 0);
    const [controlPlane = ""] = spec.control_planes;
    const as = ["--talosconfig", spec.talosconfig, "-e", controlPlane, "-n", controlPlane];
    const config = async () =>
      parse((await run(spec.talosctl, ...as, "get", "mc", "v1alpha1", "-o", "yaml")).stdout).spec as string;
    const changed = join(home, "changed.yaml");
    await writeFile(
      changed,
      (await config()).replace("certSANs:", "certSANs:\n        - changed.example.com"),
    );
    await sandboxFault(dir, { target: "controlplane-1", fault: "timeout-after-success" });
    const [talosctl = ""] = spec.talosctl;
    const child = spawn(talosctl, [...as, "apply-config", "-f", changed, "--mode=no-reboot"]);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await expect.poll(config).toContain("changed.example.com");
    expect(child.exitCode).toBeNull();
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => readFileSync(join(dir, "calls.jsonl"), "utf8")).toContain('"exit":null');
  });

  it("what the executables print is the same whether the daemon runs them or nobody does", async () => {
    const spec = await up("1.14");
    const [controlPlane = ""] = spec.control_planes;
    const [worker = ""] = spec.workers;
    const as = ["--talosconfig", spec.talosconfig, "-e", controlPlane];
    const kubeconfig = join(home, "kubeconfig");
    await run(spec.talosctl, ...as, "-n", controlPlane, "kubeconfig", kubeconfig, "--merge=false");
    const calls = [
      [spec.talosctl, ...as, "-n", worker, "version"],
      [spec.talosctl, ...as, "-n", `${worker},${controlPlane}`, "get", "mc", "-o", "yaml"],
      [spec.talosctl, ...as, "-n", worker, "get", "mc", "nosuch"],
      [spec.talosctl, ...as, "-n", "127.0.0.77", "version"],
      [spec.talosctl, "--talosconfig", "nowhere", "version"],
      [spec.talosctl, "no-such-command"],
      [spec.kubectl, "--kubeconfig", kubeconfig, "get", "pods", "-n", "kube-system"],
      [spec.kubectl, "--kubeconfig", kubeconfig, "get", "nodes", "nobody"],
      [spec.kubectl, "get", "nodes"],
    ] as const;
    const all = async () => {
      const printed: Printed[] = [];
      for (const [file, ...argv] of calls) printed.push(await run(file, ...argv));
      return printed;
    };
    const byDaemon = await all();
    expect(byDaemon.map(({ exit }) => exit)).toEqual([0, 0, 1, 1, 1, 1, 0, 1, 1]);
    const file = join(dir, "sandbox.json");
    const info = readFileSync(file, "utf8");
    // The daemon finds its own folder; whoever looks for its port finds nobody.
    await writeFile(file, JSON.stringify({ ...JSON.parse(info), port: 1 }));
    expect(await all()).toEqual(byDaemon);
    await writeFile(file, info);
  });

  it("reaches faults and status from outside", async () => {
    await up("1.13");
    expect(await sandboxFault(dir, { target: "worker-1", fault: "offline" })).toEqual([
      "worker-1: powered off; comes back by booting from its disk when cleared",
    ]);
    expect((await talosStatus())?.machines.map(({ name, on }) => [name, on])).toEqual([
      ["controlplane-1", true],
      ["worker-1", false],
    ]);
    await sandboxFault(dir, { target: "all", fault: "clear" });
    expect((await talosStatus())?.machines.every(({ on }) => on)).toBe(true);
    await expect(sandboxFault(dir, { target: "worker-9", fault: "offline" })).rejects.toThrow(
      'no machine "worker-9"',
    );
    await expect(sandboxFault(dir, { target: "worker-1", fault: "lying" })).rejects.toThrow(
      'no fault "lying"',
    );
  });
});
