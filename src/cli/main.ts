import { Command, CommanderError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { Failure } from "../failure.ts";
import { EXIT, type ExitCode, exitOfFailure } from "./exit-code.ts";
import { withCommon } from "./options.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/**
 * Runs one command line and gives its exit code. Every command is loaded when it is asked for, so that
 * `--version` and `--help` cost no more than reading the flags.
 */
export async function main(
  argv: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const program = commands(terminal, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exit;
  } catch (error) {
    return report(error, terminal);
  }
}

function commands(terminal: Terminal, done: (code: ExitCode) => void): Command {
  const program = new Command("capstan")
    .description("Rotate certificate authorities by commit: plan, review, apply, roll back.")
    .version(packageJson.version, "-V, --version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showSuggestionAfterError();
  const add = (name: string, description: string) =>
    withCommon(program.command(name).description(description).copyInheritedSettings(program));

  add("init", "write resources for a live cluster")
    .argument("[dir]", "folder to write to")
    .addOption(
      new Option("--platform <platform>", "what kind of cluster it is").choices(["teleport", "talos"]),
    )
    .option("--tctl <command>", "the tctl to ask, when there is no cluster resource yet")
    .option("--auth-server <host:port>", "proxy or auth server, for --identity-file")
    .option("--identity-file <file>", "identity file for tctl")
    .option("--talosconfig <file>", "talosconfig of a Talos cluster")
    .action(async (dir, options) => done(await (await import("./init.ts")).init(terminal, dir, options)));
  add("validate", "check resources without asking a cluster")
    .argument("[dir]", "folder of the repository")
    .action(async (dir, options) =>
      done(await (await import("./validate.ts")).validate(terminal, dir, options)),
    );
  add("status", "show live phases, keys and components")
    .argument("[dir]", "folder of the repository")
    .action(async (dir, options) => done(await (await import("./status.ts")).status(terminal, dir, options)));
  add("plan", "compare git with the live clusters")
    .argument("[dir]", "folder of the repository")
    .action(async (dir, options) => done(await (await import("./plan.ts")).plan(terminal, dir, options)));
  add("apply", "take the planned steps, guarded")
    .argument("[dir]", "folder of the repository")
    .option("--auto-approve", "take steps without asking")
    .option("--approve-final", "also take the point of no return")
    .option("--events <file>", "write the run as JSON Lines to a file")
    .action(async (dir, options) => done(await (await import("./apply.ts")).apply(terminal, dir, options)));
  return program;
}

/** The one place where errors become text. */
function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.error;
  if (error instanceof Failure) {
    const hint = error.hint === null ? "" : `\n  → ${error.hint}`;
    terminal.stderr.write(`capstan: ${error.message}${hint}\n`);
    return exitOfFailure(error.code);
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.stderr.write(`capstan: this is a bug of capstan; please report it with what follows\n${stack}\n`);
  return EXIT.error;
}
