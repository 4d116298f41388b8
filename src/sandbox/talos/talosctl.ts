import type { CliWorld } from "./cli.ts";
import { type FlagTable, firstWord, parseFlags, UsageError } from "./cli-flags.ts";
import { applyConfig, patch } from "./talosctl-apply.ts";
import { type Command, GLOBAL_FLAGS } from "./talosctl-command.ts";
import { config } from "./talosctl-config.ts";
import { get, health, kubeconfig, read, time, version } from "./talosctl-read.ts";

/**
 * The emulated talosctl (TA 3): the commands that a rotation needs, with the real one's output, exit codes and
 * error texts. It is a client and nothing more: what it prints came from a machine over mutual TLS.
 */
const COMMANDS: Readonly<Record<string, Command>> = {
  version,
  get,
  g: get,
  patch,
  "apply-config": applyConfig,
  apply: applyConfig,
  kubeconfig,
  config,
  read,
  time,
  health,
  // Makes keys, so it needs X.509 code, which the others should not wait for.
  gen: {
    flags: {
      "with-secrets": { kind: "text" },
      "output-types": { kind: "list", short: "t" },
      output: { kind: "text", short: "o" },
      "talos-version": { kind: "text" },
      force: { kind: "switch", short: "f" },
      organization: { kind: "text" },
      hours: { kind: "text" },
      rsa: { kind: "switch" },
    },
    run: async (world, flags) => (await import("./talosctl-gen.ts")).gen(world, flags),
  },
};

/** Gives the exit code, which is 0 or 1 and nothing else. */
export async function talosctl(world: CliWorld): Promise<number> {
  try {
    await run(world);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    world.err(`${message}\n`);
    // As cobra's root command decides it.
    if (error instanceof UsageError || /flag|arg\(s\)|command/.test(message)) {
      world.err("\nUsage:\n  talosctl [command]\n\nFlags:\n  -h, --help   help for talosctl\n");
    }
    return 1;
  }
}

async function run(world: CliWorld): Promise<void> {
  const name = firstWord(world.argv, GLOBAL_FLAGS) ?? "";
  const command = COMMANDS[name];
  if (name === "" || name === "help") {
    world.out(`The sandbox's talosctl. Commands: ${Object.keys(COMMANDS).join(", ")}\n`);
    return;
  }
  if (command === undefined) throw new UsageError(`unknown command ${JSON.stringify(name)} for "talosctl"`);
  const table: FlagTable = { ...GLOBAL_FLAGS, ...command.flags };
  const flags = parseFlags(world.argv, table);
  await command.run(world, flags);
}
