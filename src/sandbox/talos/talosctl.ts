import type { CliWorld } from "./cli.ts";
import { type FlagTable, firstWord, parseFlags, UsageError } from "./cli-flags.ts";
import { applyConfig } from "./talosctl-apply.ts";
import { GLOBAL_FLAGS, type TalosctlCommand } from "./talosctl-command.ts";
import { config } from "./talosctl-config.ts";
import { get, kubeconfig, read, time, versionCommand } from "./talosctl-read.ts";

/**
 * The emulated talosctl (TA 3): the commands that a rotation needs, with the real one's output, exit codes and
 * error texts. It is a client and nothing more: what it prints came from a machine over mutual TLS. A command is here
 * because capstan calls it, or because capstan tells people to; the real one has many more.
 */
const COMMANDS: Readonly<Record<string, TalosctlCommand>> = {
  // What capstan itself calls.
  version: versionCommand,
  get,
  "apply-config": applyConfig,
  kubeconfig,
  time,
  read,
  // What capstan tells people to call: its hints and checklists name `config new` and `config info`.
  config,
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
