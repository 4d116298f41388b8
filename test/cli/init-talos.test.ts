import "../world/in-process.ts";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClusterResource } from "../../src/resources/model/desired.ts";
import { loadResources } from "../../src/resources/read/load.ts";
import { sandboxFault } from "../../src/sandbox/sandbox.ts";
import type { Served } from "../../src/sandbox/serve.ts";
import { startTalosSandbox } from "../../src/sandbox/talos/start-talos.ts";
import { talosConnection } from "../../src/talos/resources/connection.ts";
import { described } from "../resources/folder.ts";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";

/** A live cluster that nobody has written a resource for. */
let sandbox: Served;
let elsewhere: string;
let folder: string;
beforeAll(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), "capstan live "));
  sandbox = await startTalosSandbox({
    dir: elsewhere,
    talos: "1.14",
    controlPlanes: 2,
    workers: 1,
    speed: 100,
  });
});
afterAll(async () => {
  await sandbox.stop();
  await rm(elsewhere, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-init-"));
  return () => rm(folder, { recursive: true, force: true });
});

const FLAGS = ["init", "--platform", "talos"] as const;
const live = (name: string) => join(elsewhere, name);
const init = (flags: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runHere([...FLAGS, "--talosctl", live("bin/talosctl"), ...flags], { cwd: folder, env });

async function written(env: NodeJS.ProcessEnv = {}) {
  const { state, diagnostics } = await loadResources(folder, env);
  expect(described(diagnostics)).toBe("");
  return state;
}

function machinesOf(cluster: ClusterResource) {
  const { controlPlanes, workers } = talosConnection(cluster);
  return { controlPlanes, workers };
}

describe("capstan init --platform talos", () => {
  it("writes the cluster with its machines and its two CAs, and a plan finds no changes", async () => {
    const identity = await readFile(live("age-identity.txt"), "utf8");
    const ran = await init(["--talosconfig", live("talosconfig")], { SOPS_AGE_KEY: identity });
    expect(ran).toMatchObject({ exit: 0, stderr: "" });
    expect(ran.stdout).toContain("wrote clusters/acme-talos/authorities.yaml: talos, kubernetes");
    const { clusters, authorities } = await written();
    const spec = sandbox.info.clusters[0]?.spec;
    if (clusters[0] === undefined || spec?.platform !== "talos") throw new Error("there is no cluster");
    expect(machinesOf(clusters[0])).toEqual({
      controlPlanes: spec.talos.control_planes,
      workers: spec.talos.workers,
    });
    expect(clusters[0].connection).toMatchObject({
      talosconfig: live("talosconfig"),
      endpoints: spec.talos.control_planes,
      recipients: spec.talos.recipients,
      clients: { talosconfig: join(folder, ".capstan/clients/talosconfig") },
    });
    expect(authorities.map(({ type, activeKeys }) => [type, activeKeys.length])).toEqual([
      ["talos", 1],
      ["kubernetes", 1],
    ]);
    const texts = await Promise.all(
      ["cluster.yaml", "authorities.yaml"].map((file) =>
        readFile(join(folder, "clusters/acme-talos", file), "utf8"),
      ),
    );
    expect(texts.join("")).toContain("    clients:\n      talosconfig: .capstan/clients/talosconfig\n");
    expect(texts.join("")).not.toMatch(/PRIVATE|AGE-SECRET|Teleport/);

    // The kubectl of the cluster is not on PATH here.
    const file = join(folder, "clusters/acme-talos/cluster.yaml");
    await writeFile(file, (texts[0] ?? "").replace("[kubectl]", `[${JSON.stringify(live("bin/kubectl"))}]`));
    const plan = await runHere(["plan"], { cwd: folder, env: {} });
    expect(plan, plan.stdout + plan.stderr).toMatchObject({ exit: 0 });
    expect(plan.stdout).toContain("No changes. Live equals desired.");
    const again = await runHere(["init"], { cwd: folder, env: {} });
    expect(again.stdout).toBe("Everything that is live is in git already.\n");
  });

  it("writes TALOSCONFIG as a variable, says that nobody can open keys yet, and takes a name", async () => {
    const env = { TALOSCONFIG: live("talosconfig") };
    const ran = await init(["--cluster", "prod"], env);
    expect(ran).toMatchObject({ exit: 0, stderr: "" });
    expect(ran.stdout).toContain("add spec.talos.recipients to it before a rotation");
    expect(await readFile(join(folder, "clusters/prod/cluster.yaml"), "utf8")).toContain(
      "talosconfig: $" + "{TALOSCONFIG}",
    );
    const [cluster] = (await written(env)).clusters;
    expect(cluster?.name).toBe("prod");
    expect(cluster?.connection).toMatchObject({ talosconfig: live("talosconfig") });
  });

  it("names the cluster by the context that is asked for, also where no context is current", async () => {
    const text = await readFile(live("talosconfig"), "utf8");
    for (const current of ["context: other\n", ""]) {
      const file = join(folder, "several");
      const own = text.replace(/^context: .*\n/, current).replace("    acme-talos:", "    staging:");
      await writeFile(file, `${own}    other:\n        endpoints: [192.0.2.1]\n`);
      const ran = await init(["--talosconfig", file, "--context", "staging"]);
      expect(ran).toMatchObject({ exit: 0, stderr: "" });
      const [cluster] = (await written()).clusters;
      expect(cluster).toMatchObject({ name: "staging", connection: { context: "staging" } });
      await rm(join(folder, "clusters"), { recursive: true });
    }
  });

  it("what is spelled so that it cannot be edited stops the plan by machine and line, and apply changes nothing", async () => {
    const identity = await readFile(live("age-identity.txt"), "utf8");
    const env = { SOPS_AGE_KEY: identity };
    await init(["--talosconfig", live("talosconfig")], env);
    const file = join(folder, "clusters/acme-talos/cluster.yaml");
    const kubectl = `[${JSON.stringify(live("bin/kubectl"))}]`;
    await writeFile(file, (await readFile(file, "utf8")).replace("[kubectl]", kubectl));
    await runHere(["rotate", "start", "talos"], { cwd: folder, env });
    const ready = await runHere(["plan"], { cwd: folder, env });
    expect(ready, ready.stdout + ready.stderr).toMatchObject({ exit: 2 });
    await sandboxFault(elsewhere, { target: "worker-1", fault: "aliased" });
    const plan = await runHere(["plan"], { cwd: folder, env });
    expect(plan.exit).toBe(3);
    const said = plan.stdout.replace(/\s+/g, " ");
    expect(said).toContain("config-edits");
    expect(said).toMatch(/machine\/127\.\S+ line \d+ of its configuration uses with an alias \(\*own\)/);
    const apply = await runHere(["apply", "--auto-approve"], { cwd: folder, env });
    expect(apply.exit).toBe(3);
    expect(apply.stdout + apply.stderr).not.toContain("(1 of 3)");
  });

  it.each([
    ["no talosconfig", [], "which Talos cluster is it?"],
    ["a context that is not there", ["--talosconfig", "TALOSCONFIG", "--context", "nope"], "nope"],
    ["a reader's", ["--talosconfig", "TALOSCONFIG-reader"], "has the role os:reader"],
    ["a name that is none", ["--talosconfig", "TALOSCONFIG", "--cluster", "a/b"], "is no name for a cluster"],
  ])("refuses %s, and writes nothing", async (_, flags, words) => {
    const ran = await init(flags.map((flag) => flag.replace("TALOSCONFIG", live("talosconfig"))));
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain(words);
    expect(await readdir(folder)).toEqual([]);
  });
});
