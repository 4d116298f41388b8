import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { branch, isTree, text } from "../values.ts";
import type { CliWorld } from "./cli.ts";
import { type CobraFlags, UsageError } from "./cli-flags.ts";
import { dialectOf } from "./dialect.ts";
import { columns, outputMode, type PrintedResource, printResources } from "./resource-output.ts";
import { absolute, type TalosctlClient } from "./talosctl-client.ts";
import { joinErrors, messageOf, type TalosctlCommand, withClient } from "./talosctl-command.ts";

export const versionCommand: TalosctlCommand = {
  flags: {
    json: { kind: "switch" },
    short: { kind: "switch" },
    client: { kind: "switch" },
    insecure: { kind: "switch", short: "i" },
  },
  async run(world, flags) {
    const json = flags.on("json");
    if (!json) world.out(`Client:\n${clientVersion(world, flags.on("short"))}`);
    if (flags.on("client")) return;
    await withClient(world, flags, async (client, print) => {
      if (!json) print("Server:\n");
      const { serverSideFanOut } = dialectOf(world.sandbox.client);
      const errors: string[] = [];
      const nodes = client.someNodes();
      for (const node of nodes) {
        try {
          const answer = await client.call(node, "Version", {});
          print(json ? versionLine(answer, serverSideFanOut ? node : null) : versionBlock(answer, node));
        } catch (error) {
          errors.push(`${node}: ${messageOf(error)}`);
          if (nodes.length === 1) throw new Error(versionProblem(error, node, serverSideFanOut));
        }
      }
      if (errors.length === 0) return;
      // Asked by the endpoint, one answer is enough; asked by talosctl itself, each counts.
      if (!serverSideFanOut || errors.length === nodes.length) {
        throw new Error(errors.map((error) => `error getting version from node ${error}`).join("\n"));
      }
      world.err(`WARNING: ${joinErrors(errors).message}\n`);
    });
  },
};

function versionProblem(error: unknown, node: string, serverSideFanOut: boolean): string {
  const from = serverSideFanOut ? "" : ` from node ${node}`;
  return `error getting version${from}: ${messageOf(error)}`;
}

function clientVersion({ sandbox }: CliWorld, short: boolean): string {
  const { tag, goVersion } = dialectOf(sandbox.client);
  if (short) return `Talos ${tag}\n`;
  return `\tTag:         ${tag}\n\tSHA:         5a1db0e5\n\tBuilt:       \n\tGo version:  ${goVersion}\n\tOS/Arch:     linux/amd64\n`;
}

function versionBlock(answer: Readonly<Record<string, unknown>>, node: string): string {
  const { tag, sha, built, goVersion, os, arch } = branch(answer["version"]);
  return `\tNODE:        ${node}\n\tTag:         ${text(tag)}\n\tSHA:         ${text(sha)}\n\tBuilt:       ${text(built)}\n\tGo version:  ${text(goVersion)}\n\tOS/Arch:     ${text(os)}/${text(arch)}\n\tEnabled:     RBAC\n`;
}

/** protojson puts spaces where it likes, on purpose, so that nobody relies on them. */
function versionLine(answer: Readonly<Record<string, unknown>>, hostname: string | null): string {
  const message = hostname === null ? answer : { metadata: { hostname }, ...answer };
  const compact = JSON.stringify(message);
  return `${Math.random() < 0.5 ? compact : JSON.stringify(message, null, 1).replace(/\n\s*/g, " ")}\n`;
}

export const get: TalosctlCommand = {
  flags: {
    output: { kind: "text", short: "o" },
    namespace: { kind: "text" },
    insecure: { kind: "switch", short: "i" },
  },
  async run(world, flags) {
    const [, type, id, ...more] = flags.words;
    if (type === undefined || more.length > 0) {
      throw new UsageError(`accepts between 1 and 2 arg(s), received ${flags.words.length - 1}`);
    }
    const mode = outputMode(flags.text("output") ?? "table");
    await withClient(world, flags, async (client, print) => {
      const nodes = client.someNodes();
      const found: PrintedResource[] = [];
      const errors: string[] = [];
      for (const node of nodes) {
        try {
          await client.warnOfOlderServer(node);
          found.push(...(await getResources(client, node, type, id ?? "")));
        } catch (error) {
          errors.push(nodes.length === 1 ? messageOf(error) : `${node}: ${messageOf(error)}`);
        }
      }
      if (found.length > 0 || errors.length === 0) print(printResources(found, mode));
      if (errors.length > 0) throw nodes.length === 1 ? new Error(errors[0]) : joinErrors(errors);
    });
  },
};

async function getResources(
  client: TalosctlClient,
  node: string,
  type: string,
  id: string,
): Promise<readonly PrintedResource[]> {
  const { resources } = await client.call(node, "Get", { type, id });
  if (!Array.isArray(resources)) return [];
  return resources.filter(isTree).map(({ metadata, spec }) => ({ node, metadata, spec }));
}

export const kubeconfig: TalosctlCommand = {
  flags: {
    merge: { kind: "switch", short: "m" },
    force: { kind: "switch", short: "f" },
    "force-context-name": { kind: "text" },
  },
  async run(world, flags) {
    const [, path = "kubeconfig"] = flags.words;
    await withClient(world, flags, async (client, print) => {
      const node = client.oneNode("kubeconfig");
      if (path === "-") {
        print(text((await client.call(node, "Kubeconfig", {}))["kubeconfig"]));
        return;
      }
      if (flags.on("merge", true)) {
        throw new Error("the sandbox does not merge into an existing kubeconfig: please use `--merge=false`");
      }
      const file = await kubeconfigFile(absolute(world, path), flags);
      const answer = await client.call(node, "Kubeconfig", {});
      await mkdir(dirname(file), { recursive: true });
      await rm(file, { force: true });
      await writeFile(file, text(answer["kubeconfig"]), { mode: 0o600 });
    });
  },
};

async function kubeconfigFile(path: string, flags: CobraFlags): Promise<string> {
  const found = await stat(path).catch(() => null);
  const file = found?.isDirectory() === true ? join(path, "kubeconfig") : path;
  if (found?.isFile() === true && !flags.on("force")) {
    throw new Error(`kubeconfig file already exists, use --force to overwrite: ${JSON.stringify(file)}`);
  }
  return file;
}

export const read: TalosctlCommand = {
  flags: {},
  async run(world, flags) {
    const [, path] = flags.words;
    if (path === undefined) throw new UsageError("accepts 1 arg(s), received 0");
    await withClient(world, flags, async (client, print) => {
      print(text((await client.call(client.oneNode("read"), "Read", { path }))["data"]));
    });
  },
};

export const time: TalosctlCommand = {
  flags: { check: { kind: "text", short: "c" } },
  async run(world, flags) {
    await withClient(world, flags, async (client, print) => {
      const rows = [["NODE", "NTP-SERVER", "NODE-TIME", "NTP-SERVER-TIME"]];
      for (const node of client.someNodes()) {
        const { server, localtime, remotetime } = await client.call(node, "Time", {});
        rows.push([node, text(server), text(localtime), text(remotetime)]);
      }
      print(columns(rows));
    });
  },
};
