import { readFile } from "node:fs/promises";
import { parseGoDuration } from "../go-duration.ts";
import { text } from "../values.ts";
import type { CliWorld } from "./cli.ts";
import { type CobraFlags, type FlagTable, UsageError } from "./cli-flags.ts";
import { dialectOf, type TalosDialect } from "./dialect.ts";
import { RpcError } from "./rpc.ts";
import { absolute, reason } from "./talosctl-client.ts";
import { messageOf, type TalosctlCommand, withClient } from "./talosctl-command.ts";

const MODE_FLAGS: FlagTable = {
  mode: { kind: "text", short: "m" },
  "dry-run": { kind: "switch" },
  timeout: { kind: "text" },
};

/** Sends the file as it is. */
export const applyConfig: TalosctlCommand = {
  flags: {
    ...MODE_FLAGS,
    file: { kind: "text", short: "f" },
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
    await withClient(world, flags, async (client) => {
      for (const node of client.someNodes()) {
        try {
          printResult(world, await client.call(node, "ApplyConfiguration", { data: source, ...mode }));
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

function applyMode(flags: CobraFlags, dialect: TalosDialect): ModeParams {
  const mode = flags.text("mode") ?? "auto";
  if (!(dialect.modes as readonly string[]).includes(mode)) {
    const options = [...dialect.modes].sort().join(", ");
    throw new UsageError(
      `invalid argument ${JSON.stringify(mode)} for "-m, --mode" flag: possible options are: ${options}`,
    );
  }
  const timeout = flags.text("timeout") ?? "1m";
  const timeoutMs = parseGoDuration(timeout);
  if (timeoutMs === null) {
    throw new UsageError(
      `invalid argument ${JSON.stringify(timeout)} for "--timeout" flag: time: invalid duration ${JSON.stringify(timeout)}`,
    );
  }
  return { mode, dryRun: flags.on("dry-run"), tryTimeoutSeconds: timeoutMs / 1000 };
}

function printResult(world: CliWorld, answer: Readonly<Record<string, unknown>>): void {
  const { warnings, modeDetails } = answer;
  for (const warning of Array.isArray(warnings) ? warnings : []) world.err(`WARNING: ${text(warning)}\n`);
  if (text(modeDetails) !== "") world.err(`${text(modeDetails)}\n`);
}
