import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { type Discovered, discoverTalos } from "../../../src/platforms/talos/discover.ts";
import type { Runner } from "../../../src/process/runner.ts";
import type { TalosClusterOptions } from "../../../src/sandbox/talos/cluster.ts";
import { cluster, type TestCluster } from "../../sandbox/talos/harness.ts";

/** The emulated talosctl, in this process. */
function runnerOf(test: TestCluster): Runner {
  const unused = () => Promise.reject(new Error("nothing is streamed"));
  return {
    stream: unused,
    async run({ argv }) {
      const { exit, stdout, stderr } = await test.talosctl(...argv.slice(1));
      return { argv, exitCode: exit, stdout, stderr, durationMs: 0 };
    },
  };
}

function discover(
  test: TestCluster,
  talosconfig = test.running.info.talosconfig,
  context: string | null = null,
): Promise<Discovered> {
  return discoverTalos({ talosctl: ["talosctl"], talosconfig, context, runner: runnerOf(test) });
}

async function refusal(found: Promise<Discovered>): Promise<string> {
  const error = await found.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Failure)) throw new Error(`no Failure: ${String(error)}`);
  return `${error.message} → ${error.hint}`;
}

const SMALL: Partial<TalosClusterOptions> = { controlPlanes: 2, workers: 1 };

describe("the inventory of a live cluster", () => {
  it.each(["1.13", "1.14"] as const)("Talos %s: every machine by its own address", async (talos) => {
    const test = await cluster({ ...SMALL, talos });
    expect(await discover(test)).toEqual({
      context: "talos-sandbox",
      endpoints: test.controlPlanes,
      controlPlanes: test.controlPlanes,
      workers: test.workers,
    });
  });

  it.each([
    ["beside the current one", "context: other\n"],
    ["where none is current", ""],
  ])("of the context that is asked for, %s", async (_, current) => {
    const test = await cluster(SMALL);
    const text = await readFile(test.running.info.talosconfig, "utf8");
    const own = text.replace(/^context: .*\n/, current).replace("    talos-sandbox:", "    staging:");
    const other = "    other:\n        endpoints: [192.0.2.1]\n";
    const file = await test.file(own + other);
    expect(await discover(test, file, "staging")).toEqual({
      context: "staging",
      endpoints: test.controlPlanes,
      controlPlanes: test.controlPlanes,
      workers: test.workers,
    });
    // talosctl itself names the current one, or fails.
    const printed = await test.talosctl(
      "--talosconfig",
      file,
      "--context",
      "staging",
      "config",
      "info",
      "-o",
      "json",
    );
    if (current === "") expect(printed).toMatchObject({ exit: 1, stderr: "no context is set\n" });
    else
      expect(JSON.parse(printed.stdout)).toMatchObject({ context: "other", endpoints: test.controlPlanes });
  });

  it("says which contexts there are when none is current", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    const text = await readFile(test.running.info.talosconfig, "utf8");
    const said = await refusal(discover(test, await test.file(text.replace(/^context: .*\n/, ""))));
    expect(said).toMatch(/names no current context → .*: talos-sandbox$/);
  });

  it.each([
    ["1.13", "legacy"],
    ["1.14", "legacy"],
    ["1.14", "document"],
  ] as const)(
    "passes over an address that the control planes share (talos#10357; %s, %s)",
    async (talos, layout) => {
      const test = await cluster({ ...SMALL, talos, layout });
      // Also its holder, who answers there with an identity that fits.
      await test.running.fault({ target: "all", fault: "vip-first" });
      const members = await test.ask(test.endpoint, "get", "members", "-o", "yaml");
      expect(members.stdout).toContain(`- ${test.running.network.vip}`);
      expect(await discover(test)).toMatchObject({
        controlPlanes: test.controlPlanes,
        workers: test.workers,
      });
    },
  );

  it.each(["legacy", "document"] as const)(
    "does not take the shared one when its own does not answer (%s)",
    async (layout) => {
      const test = await cluster({ ...SMALL, talos: "1.14", layout });
      await test.running.fault({ target: "all", fault: "vip-first" });
      const { run, stream } = runnerOf(test);
      const runner: Runner = {
        stream,
        run: async (command) => {
          const node = command.argv[command.argv.indexOf("--nodes") + 1];
          const isIdentity = command.argv.includes("identity");
          if (isIdentity && node === test.endpoint)
            return { argv: [], exitCode: 1, stdout: "", stderr: "i/o timeout", durationMs: 0 };
          return await run(command);
        },
      };
      const { talosconfig } = test.running.info;
      const found = discoverTalos({ talosctl: ["talosctl"], talosconfig, context: null, runner });
      expect(await refusal(found)).toMatch(
        /^controlplane-1 \(.*\) does not answer as the member of that name/,
      );
    },
  );

  it("takes an endpoint that answers", async () => {
    const test = await cluster({ ...SMALL, controlPlanes: 3, dialTimeoutMs: 15_000 });
    const { talosconfig } = test.running.info;
    const dead = (await readFile(talosconfig, "utf8")).replace(test.endpoint, "127.0.0.1:1");
    const found = await discover(test, await test.file(dead));
    expect(found.controlPlanes).toEqual(test.controlPlanes);
  });

  it.each([
    ["a machine is off", "offline", "worker-1", /^worker-1 \(\S+\) does not answer as the member/],
    ["discovery is off", "undiscovered", "all", /lists no members.* → write the cluster resource by hand/],
  ])("refuses when %s", async (_, fault, target, words) => {
    const test = await cluster(SMALL);
    await test.running.fault({ target, fault });
    expect(await refusal(discover(test))).toMatch(words);
  });

  it("refuses a reader, a file that is not there, and output that was cut off", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    expect(await refusal(discover(test, test.running.info.readerTalosconfig))).toContain("role os:reader");
    expect(await refusal(discover(test, join(test.directory, "nothing")))).toContain("no such file");
    for (const match of ["machineconfig", "members", "identity"]) {
      await test.running.fault({ target: "all", fault: "clear" });
      await test.running.fault({ target: "all", fault: "truncated", match });
      const said = await refusal(discover(test));
      expect(said, match).toMatch(/printed what cannot be read|does not answer as the member/);
      expect(said, match).not.toContain("LS0t");
    }
  });
});
