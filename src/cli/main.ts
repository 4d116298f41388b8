import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { Failure } from "../failure.ts";
import { TELEPORT_FAULTS } from "../sandbox/teleport/faults.ts";
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
  rotateCommand(program, terminal, done);
  overrideCommands(program, terminal, done);
  sandboxCommands(program, terminal, done);
  add("doctor", "check versions, credentials, permissions and clock")
    .argument("[dir]", "folder of the repository")
    .action(async (dir, options) => done(await (await import("./doctor.ts")).doctor(terminal, dir, options)));
  return program;
}

const ROTATE_ACTIONS = [
  ["start", "a new ca_rotation, at init"],
  ["advance", "the next phase"],
  ["finish", "standby: the old key is dropped, the point of no return"],
  ["rollback", "back to the old key"],
] as const;

function rotateCommand(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  const rotate = program
    .command("rotate")
    .description("edit the YAML of a rotation, for a commit")
    .copyInheritedSettings(program);
  for (const [action, description] of ROTATE_ACTIONS) {
    const command = withCommon(
      rotate.command(action).description(description).copyInheritedSettings(program),
    ).argument("<types>", "CA types, separated by commas");
    if (action === "start") {
      command
        .option("--name <name>", "name of the rotation")
        .addOption(
          new Option("--strategy <strategy>", "one phase per commit, or all in one").choices([
            "step",
            "walk",
          ]),
        )
        .option("--reason <text>", "why a rotation that was rolled back is started again");
    }
    command.action(async (types, options) => {
      done(await (await import("./rotate.ts")).rotate(terminal, action, types, options));
    });
  }
}

function overrideCommands(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  const override = program
    .command("override")
    .description("prepare externally signed certificates for CAs, for a commit")
    .copyInheritedSettings(program);
  const add = (name: string, description: string) =>
    withCommon(override.command(name).description(description).copyInheritedSettings(program));
  add("csr", "fetch certificate requests, one per key of a CA")
    .argument("<type>", "db_client or windows")
    .option("--public-key <hash>", "only for this key")
    .option("--out <folder>", "where to write them (default: overrides/requests)")
    .option("--sign", "have the cluster's signer sign them, and add the certificates")
    .action(async (type, options) =>
      done(await (await import("./override.ts")).csr(terminal, type, options)),
    );
  const files = [
    "<files...>",
    "the signed certificate and its chain, PEM, in any order or as a bundle",
  ] as const;
  add("add", "put a signed certificate into git, staged")
    .argument(...files)
    .action(async (paths, options) =>
      done(await (await import("./override.ts")).addCertificate(terminal, paths, options)),
    );
  add("renew", "put another certificate for the same key into git")
    .argument(...files)
    .action(async (paths, options) =>
      done(await (await import("./override.ts")).renew(terminal, paths, options)),
    );
  add("retire", "remove entries from git whose key is gone, or goes with the last step")
    .argument("<type>", "db_client or windows")
    .argument("[hashes...]", "only the entries of these keys")
    .action(async (type, hashes, options) =>
      done(await (await import("./override.ts")).retire(terminal, type, hashes, options)),
    );
}

function sandboxCommands(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  const sandbox = program
    .command("sandbox")
    .description("an embedded cluster to try everything on")
    .copyInheritedSettings(program);
  const add = (name: string, description: string) =>
    withCommon(sandbox.command(name).description(description).copyInheritedSettings(program)).option(
      "--dir <dir>",
      "where it lives (default: .capstan/sandbox of the repository)",
    );
  add("up", "start it in the background")
    .addOption(new Option("--speed <n>", "how many times faster than life").argParser(positive).default(10))
    .addOption(new Option("--nodes <n>", "SSH nodes").argParser(positive).default(4))
    .addOption(
      new Option("--teleport <version>", "which Teleport it plays").choices(["5", "18"]).default("18"),
    )
    .action(async (options) => done(await (await import("./sandbox.ts")).up(terminal, options)));
  add("down", "end it, and remove its files").action(async (options) =>
    done(await (await import("./sandbox.ts")).down(terminal, options)),
  );
  add("status", "what the emulated cluster itself says, as JSON").action(async (options) =>
    done(await (await import("./sandbox.ts")).sandboxState(terminal, options)),
  );
  add("fault", "break a component, or calls of an executable, on purpose")
    .argument("<target>", "a component (node2), an executable (tctl), or all")
    .argument("<fault>", "see below")
    .option("--for <duration>", "ends by itself after this time")
    .addOption(new Option("--times <n>", "executables: how many calls it hits").argParser(positive))
    .option("--match <word>", "executables: only calls with this word among their arguments")
    .option("--expired", "offline: its row vanishes from the listing at once")
    .addHelpText("after", FAULTS)
    .action(async (target, name, options) =>
      done(await (await import("./sandbox.ts")).fault(terminal, target, name, options)),
    );
}

const FAULTS = `
Faults:
${TELEPORT_FAULTS.map(({ name, description }) => `  ${name.padEnd(24)}${description}`).join("\n")}
  ${"clear".padEnd(24)}ends them`;

function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It is not a whole number above 0.");
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
