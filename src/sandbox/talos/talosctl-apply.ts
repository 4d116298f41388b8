import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { CliWorld } from "./cli.ts";
import { type Flags, type FlagTable, UsageError } from "./cli-flags.ts";
import { patchMachineConfig } from "./config-merge.ts";
import { type Dialect, dialectOf } from "./dialect.ts";
import { parseDuration } from "./go-duration.ts";
import { decodeDocuments } from "./machine-config.ts";
import { RpcError } from "./rpc.ts";
import { absolute, reason, type TalosClient } from "./talosctl-client.ts";
import { type Command, messageOf, withClient } from "./talosctl-command.ts";
import { getResources } from "./talosctl-read.ts";
import { branch, text } from "./values.ts";

const MODE_FLAGS: FlagTable = {
  mode: { kind: "text", short: "m" },
  "dry-run": { kind: "switch" },
  timeout: { kind: "text" },
};

/** Read, change, write, all on the client's side (TA 3.3). */
export const patch: Command = {
  flags: {
    ...MODE_FLAGS,
    patch: { kind: "text", short: "p" },
    "patch-file": { kind: "text" },
    namespace: { kind: "text" },
  },
  async run(world, flags) {
    const [, type = "", id] = flags.words;
    if (type === "") throw new UsageError("accepts between 1 and 2 arg(s), received 0");
    const dialect = dialectOf(world.sandbox.client);
    const mode = applyMode(flags, dialect);
    const patches = await loadPatches(world, flags);
    await withClient(world, flags, async (client) => {
      // Stops at the first node that fails.
      for (const node of client.someNodes()) {
        await client.warnOfOlderServer(node);
        for (const { metadata, spec } of await getResources(client, node, type, id ?? "")) {
          const { type: kind, id: name } = branch(metadata);
          if (kind !== "MachineConfigs.config.talos.dev") {
            throw new Error("only the machineconfig resource can be edited");
          }
          if (name === "v1alpha1")
            await patchNode(world, client, { node, patches, mode, dialect, before: text(spec) });
        }
      }
    });
  },
};

interface NodePatch {
  readonly node: string;
  readonly patches: readonly string[];
  readonly mode: ModeParams;
  readonly dialect: Dialect;
  readonly before: string;
}

async function patchNode(
  world: CliWorld,
  client: TalosClient,
  { node, patches, mode, dialect, before }: NodePatch,
) {
  const data = patchMachineConfig(before, patches, dialect);
  let problem: unknown = null;
  let answer: Readonly<Record<string, unknown>> = {};
  try {
    answer = await client.call(node, "ApplyConfiguration", { data, ...mode });
  } catch (error) {
    problem = error;
  }
  const documents = (source: string): readonly unknown[] =>
    decodeDocuments(source, dialect).map(({ value }) => value);
  if (isDeepStrictEqual(documents(before), documents(data))) {
    // The apply was sent all the same, and what became of it is not looked at.
    world.err("Apply was skipped: no changes detected.\n");
    return;
  }
  // Printed before anybody looks whether it worked. Only the exit code tells.
  world.err(`patched MachineConfigs.config.talos.dev/v1alpha1 at the node ${node}\n`);
  printResult(world, answer);
  if (problem !== null) throw problem;
}

/** Sends the file as it is. */
export const applyConfig: Command = {
  flags: {
    ...MODE_FLAGS,
    file: { kind: "text", short: "f" },
    "config-patch": { kind: "text", short: "p" },
    insecure: { kind: "switch", short: "i" },
  },
  async run(world, flags) {
    const [command = "", what] = flags.words;
    if (what !== undefined && (command === "apply-config" || what.toLowerCase() !== "machineconfig")) {
      throw new UsageError(`unknown positional argument ${what}`);
    }
    const dialect = dialectOf(world.sandbox.client);
    const mode = applyMode(flags, dialect);
    const file = flags.text("file");
    if (file === undefined) throw new Error("no filename supplied for configuration");
    const source = await readFile(absolute(world, file), "utf8").catch((error: unknown) => {
      throw new Error(
        `failed to read configuration from ${JSON.stringify(file)}: open ${file}: ${reason(error)}`,
      );
    });
    if (source === "") throw new Error("no configuration data read");
    const patches = await Promise.all(flags.each("config-patch").map((one) => loadPatch(world, one)));
    const data = patches.length === 0 ? source : patchMachineConfig(source, patches, dialect);
    await withClient(world, flags, async (client) => {
      for (const node of client.someNodes()) {
        try {
          printResult(world, await client.call(node, "ApplyConfiguration", { data, ...mode }));
        } catch (error) {
          throw new Error(
            dialect.serverSideFanOut
              ? // The status without its code.
                `error applying new configuration: ${error instanceof RpcError ? error.desc : messageOf(error)}`
              : `${node}: error applying configuration: ${messageOf(error)}`,
          );
        }
      }
    });
  },
};

interface ModeParams {
  readonly mode: string;
  readonly dryRun: boolean;
  readonly tryTimeoutSeconds: number;
}

function applyMode(flags: Flags, dialect: Dialect): ModeParams {
  const mode = flags.text("mode") ?? "auto";
  if (!(dialect.modes as readonly string[]).includes(mode)) {
    const options = [...dialect.modes].sort().join(", ");
    throw new UsageError(
      `invalid argument ${JSON.stringify(mode)} for "-m, --mode" flag: possible options are: ${options}`,
    );
  }
  const timeout = flags.text("timeout") ?? "1m";
  const seconds = parseDuration(timeout);
  if (seconds === null) {
    throw new UsageError(
      `invalid argument ${JSON.stringify(timeout)} for "--timeout" flag: time: invalid duration ${JSON.stringify(timeout)}`,
    );
  }
  return { mode, dryRun: flags.on("dry-run"), tryTimeoutSeconds: seconds };
}

async function loadPatches(world: CliWorld, flags: Flags): Promise<readonly string[]> {
  const file = flags.text("patch-file");
  const named = [...flags.each("patch"), ...(file === undefined ? [] : [`@${file}`])];
  if (named.length === 0) throw new Error("either --patch or --patch-file should be defined");
  return await Promise.all(named.map((one) => loadPatch(world, one)));
}

/** Inline only with a space, a line feed, or a bracket in front; otherwise a file, with or without `@`. */
async function loadPatch(world: CliWorld, argument: string): Promise<string> {
  if (!argument.startsWith("@") && (/[ \n]/.test(argument) || /^[[{]/.test(argument))) return argument;
  const path = argument.replace(/^@/, "");
  return await readFile(absolute(world, path), "utf8").catch((error: unknown) => {
    throw new Error(`open ${path}: ${reason(error)}`);
  });
}

function printResult(world: CliWorld, answer: Readonly<Record<string, unknown>>): void {
  const { warnings, modeDetails } = answer;
  for (const warning of Array.isArray(warnings) ? warnings : []) world.err(`WARNING: ${text(warning)}\n`);
  if (text(modeDetails) !== "") world.err(`${text(modeDetails)}\n`);
}
