import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ToolResult } from "../emulated-platform.ts";
import { AUTH_COMMANDS, authSpecs } from "./auth-commands.ts";
import type { TeleportCluster } from "./cluster.ts";
import {
  CommandLineError,
  type CommandSpec,
  type FlagSpec,
  type Invocation,
  parseCommandLine,
} from "./command-line.ts";
import { failedCall, unreachable } from "./failed-call.ts";
import { runGet } from "./get-command.ts";
import { identityProblem } from "./identity-file.ts";
import { LISTING_COMMANDS, listingSpecs } from "./listing-commands.ts";
import { createOverride, overrideSpecs, RUN_OVERRIDE_COMMAND } from "./override-commands.ts";
import { OverrideRefusal } from "./override-rules.ts";
import type { TctlDialect } from "./rotation-machine.ts";
import { statusText } from "./status-text.ts";
import { type TctlCommand, TctlRefusal } from "./tctl-command.ts";
import { usageOf } from "./usage-11.ts";

/**
 * `tctl` as its users see it: flags, outputs and error texts of the cluster's own version. A command is a row
 * of `COMMANDS` and a function: more of them (overrides, sign) go beside these.
 */
export async function tctl(
  cluster: TeleportCluster,
  argv: readonly string[],
  { cwd = process.cwd(), stdin = "" }: { readonly cwd?: string; readonly stdin?: string } = {},
): Promise<ToolResult> {
  const { dialect } = cluster.options;
  if (argv.includes("--help")) return help(argv, cluster);
  let invocation: Invocation;
  try {
    invocation = parseCommandLine(argv, commandSpecs(cluster), GLOBAL_FLAGS);
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    return misused(dialect, error);
  }
  const identity = invocation.flags["identity"];
  if (identity !== undefined && !invocation.given.has("auth-server")) {
    return failedCall(dialect, "tctl --identity also requires --auth-server");
  }
  if (identity !== undefined && !existsSync(resolve(cwd, identity))) {
    return failedCall(dialect, `open ${identity}: no such file or directory`);
  }
  if (identity !== undefined) {
    const problem = identityProblem(cluster, readFileSync(resolve(cwd, identity), "utf8"));
    if (problem !== null) return unreachable(dialect, problem);
  }
  const run = COMMANDS[invocation.command.path.join(" ")];
  if (run === undefined) throw new Error(`tctl ${invocation.command.path.join(" ")} has no code`);
  try {
    const warnings: string[] = [];
    const warn = (line: string) => warnings.push(`${line}\n`);
    const printed = success(await run(cluster, invocation, { cwd, stdin, warn }));
    return { ...printed, stderr: warnings.join("") };
  } catch (error) {
    if (error instanceof TctlRefusal) {
      const usage = error.showsUsage && dialect === "v11" ? usageOf(invocation.command.path) : "";
      return failedCall(dialect, error.message, usage);
    }
    if (error instanceof OverrideRefusal) return failedCall(dialect, error.message);
    throw error;
  }
}

/** A command line that cannot be used; only newer versions print how it would be. */
function misused(dialect: TctlDialect, { message, of }: CommandLineError): ToolResult {
  switch (dialect) {
    case "v5":
      return failedCall(dialect, message);
    case "v11":
      return of === null
        ? { exit: 1, stdout: "", stderr: `tctl: error: ${message}\n` }
        : failedCall(dialect, message, usageOf(of));
    case "v18":
      return failedCall(dialect, message, USAGE);
  }
}

const COMMANDS: Readonly<Record<string, TctlCommand>> = {
  version: async (cluster) => `${cluster.options.banner}
`,
  status: async (cluster, { flags }) => statusText(cluster, flags["debug"] === "true"),
  get: async (cluster, invocation) => runGet(cluster, invocation),
  create: createOverride,
  ...RUN_OVERRIDE_COMMAND,
  ...AUTH_COMMANDS,
  ...LISTING_COMMANDS,
};

const GLOBAL_FLAGS: Readonly<Record<string, FlagSpec>> = {
  config: { short: "c" },
  "config-string": {},
  identity: { short: "i" },
  "auth-server": {},
  debug: { short: "d", boolean: true },
  insecure: { boolean: true },
};

const USAGE = "usage: tctl [<flags>] <command> [<args> ...]\n\nUse tctl help <command> for details.\n\n";

function commandSpecs(cluster: TeleportCluster): readonly CommandSpec[] {
  return [
    ...overrideSpecs(cluster.options.overrides),
    { path: ["version"], flags: {}, arguments: [] },
    { path: ["status"], flags: {}, arguments: [] },
    {
      path: ["get"],
      flags: {
        format: { default: "yaml" },
        namespace: {},
        "with-secrets": { boolean: true },
        verbose: { short: "v", boolean: true },
      },
      arguments: [{ name: "resources", required: true }],
    },
    {
      path: ["create"],
      flags: { force: { short: "f", boolean: true }, confirm: { boolean: true } },
      arguments: [{ name: "filename", required: false }],
    },
    ...authSpecs(cluster),
    ...listingSpecs(cluster),
  ];
}

/** Kingpin's help of a command; enough to see whether a release has it, and whole where it was recorded. */
function help(argv: readonly string[], cluster: TeleportCluster): ToolResult {
  const { dialect } = cluster.options;
  const words = argv.filter((word) => !word.startsWith("-"));
  const specs = commandSpecs(cluster);
  const isGroup = specs.some(({ path }) => words.every((word, index) => path[index] === word));
  const command = specs.find(({ path }) => path.join(" ") === words.join(" "));
  if (dialect === "v11" && isGroup) return { exit: 1, stdout: "", stderr: usageOf(words) };
  if (command === undefined) {
    return misused(dialect, new CommandLineError(`expected command but got "${words.at(-1) ?? ""}"`));
  }
  const flags = Object.keys(command.flags).map((name) => `  --${name}\n`);
  return success(`usage: tctl ${words.join(" ")} [<flags>]\n\nFlags:\n${flags.join("")}`);
}

function success(stdout: ToolResult["stdout"]): ToolResult {
  return { exit: 0, stdout, stderr: "" };
}
