import { Command, InvalidArgumentError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { parseDuration } from "../resources/model/duration.ts";
import { TALOS_FAULTS, TELEPORT_FAULTS } from "../sandbox/faults.ts";
import { TALOS_MINORS } from "../sandbox/talos/dialect.ts";
import { RELEASES } from "../sandbox/teleport/release.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { withCommon, withFolder } from "./options.ts";
import { report } from "./report.ts";
import { discreet, processTerminal, type Terminal } from "./terminal.ts";

/**
 * Runs one command line and gives its exit code. Every command is loaded when it is asked for, so that
 * `--version` and `--help` cost no more than reading the flags.
 */
export async function main(
  argv: readonly string[],
  outside: Terminal = processTerminal(),
): Promise<ExitCode> {
  const terminal = discreet(outside);
  let exit: ExitCode = EXIT.ok;
  const program = commands(argv, terminal, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exit;
  } catch (error) {
    return report(error, terminal);
  }
}

const APPROVE_FINAL = "--approve-final";

/** Once for each rotation. Its value comes after `=` only: what stands behind a bare one is a plan file. */
function withApproveFinal(command: Command): Command {
  const option = new Option(
    `${APPROVE_FINAL} [cluster/rotation]`,
    "also take the point of no return (=CLUSTER[/ROTATION])",
  ).argParser((value: string, before: readonly string[] = []) => [...before, value]);
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (words) => parse(withValue(command, words));
  return command.addOption(option);
}

/** A bare flag gets an empty value, where it stands as a flag: the value of another one stays as it is. */
function withValue(command: Command, words: readonly string[]): string[] {
  const end = words.indexOf("--");
  let isValue = false;
  return words.map((word, index) => {
    const isFlag = !isValue && (end === -1 || index < end);
    isValue =
      isFlag && command.options.some(({ long, short, required }) => required && [long, short].includes(word));
    return isFlag && word === APPROVE_FINAL ? `${APPROVE_FINAL}=` : word;
  });
}

/** A command by name; its flags are declared only when it is named, as `--help` needs none of them. */
interface Declaration {
  readonly name: string;
  readonly description: string;
  readonly declare: (command: Command) => void;
}

/** Repeatable, and never one option with several values: a folder may come after it. */
function expectOption(): Option {
  const description =
    "refuse any plan but the one with this fingerprint; CLUSTER=FINGERPRINT is one cluster of it (repeatable)";
  return new Option("--expect <fingerprint>", description).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  );
}

/** As wide as all text of capstan; `dist/help.txt` was made so. */
const HELP_WIDTH = 80;

function commands(argv: readonly string[], terminal: Terminal, done: (code: ExitCode) => void): Command {
  const program = new Command("capstan")
    .description("Rotate certificate authorities by commit: plan, review, apply, roll back.")
    .version(packageJson.version, "-V, --version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => Math.min(terminal.stdout.columns ?? HELP_WIDTH, HELP_WIDTH),
    })
    .showSuggestionAfterError();
  const add = (parent: Command, declarations: readonly Declaration[]) => {
    for (const { name, description, declare } of declarations) {
      const command = parent.command(name).description(description).copyInheritedSettings(program);
      if (argv.includes(name)) declare(command);
    }
  };
  add(program, [
    {
      name: "init",
      description: "write resources for a live cluster",
      declare: (command) =>
        withCommon(command)
          .argument("[dir]", "folder to write to")
          .addOption(
            new Option("--platform <platform>", "what kind of cluster it is").choices(["teleport", "talos"]),
          )
          .option("--tctl <command>", "the tctl to ask, when there is no cluster resource yet")
          .option("--auth-server <host:port>", "proxy or auth server, for --identity-file")
          .option("--identity-file <file>", "identity file for tctl")
          .option(
            "--talosconfig <file>",
            "talosconfig of a Talos cluster, whose machines are then written down",
          )
          .option("--context <name>", "its context; without it the current one")
          .option("--talosctl <command>", "the talosctl to ask, when there is no cluster resource yet")
          .action(async (dir, options) =>
            done(await (await import("./init.ts")).init(terminal, dir, options)),
          ),
    },
    {
      name: "validate",
      description: "check resources without asking a cluster",
      declare: (command) =>
        withFolder(command, REVIEWED)
          .option("--base <ref>", "also check what is changed since this commit: phase edges")
          .action(async (dir, options) =>
            done(await (await import("./validate.ts")).validate(terminal, dir, options)),
          ),
    },
    {
      name: "status",
      description: "show live phases, keys and components",
      declare: (command) =>
        withFolder(command, REVIEWED).action(async (dir, options) =>
          done(await (await import("./status.ts")).status(terminal, dir, options)),
        ),
    },
    {
      name: "plan",
      description: "compare git with the live clusters",
      declare: (command) =>
        withFolder(command, REVIEWED)
          .option("--out <file>", "write the plan to a file, for `show` and `apply`")
          .option(
            "--base <ref>",
            "also say what is changed in git since this commit, and read through its connections",
          )
          .option("--trust-head", "with --base: read through what is changed, too")
          .addOption(expectOption())
          .option("--uncommitted", "plan the folder as it is, in place of the commit")
          .option("-i, --interactive", "on a screen: move, fold, search")
          .option("--screen-reader", "the screen as sentences in reading order")
          .option("--observations <file>", "save what was read, or plan from such a file")
          .action(async (dir, options) =>
            done(await (await import("./plan.ts")).plan(terminal, dir, options)),
          ),
    },
    {
      name: "apply",
      description: "take the planned steps, guarded",
      declare: (command) =>
        withApproveFinal(withCommon(command))
          .argument("[plan]", "a plan file, or the folder of the repository")
          .addOption(expectOption())
          .option("--auto-approve", "take steps without asking")
          .option("--accept-history <reason>", "take the commit as a new start: the history was rewritten")
          .option("--events <file>", "write the run as JSON Lines to a new file")
          .option("--no-tui", "no screen: text, and questions line by line")
          .option("--screen-reader", "the screen as sentences in reading order")
          .action(async (plan, options) =>
            done(await (await import("./apply.ts")).apply(terminal, plan, options)),
          ),
    },
    {
      name: "reconcile",
      description: "follow a branch of the remote: plan and apply, round after round",
      declare: (command) =>
        withApproveFinal(withFolder(command, ["text"]))
          .addOption(
            new Option("--interval <duration>", "between two rounds")
              .argParser(duration)
              .default(60_000, "60s"),
          )
          .option("--once", "one round; exits as apply does")
          .action(async (dir, options) =>
            done(await (await import("./reconcile.ts")).reconcile(terminal, dir, options)),
          ),
    },
    {
      name: "show",
      description: "show a plan file",
      declare: (command) =>
        withCommon(command, REVIEWED)
          .argument("<file>", "what `plan --out` wrote")
          .action(async (file, options) =>
            done(await (await import("./show.ts")).show(terminal, file, options)),
          ),
    },
    {
      name: "lock",
      description: "who is applying: show, release",
      declare: (command) => add(command, lockCommands(terminal, done)),
    },
    {
      name: "artifacts",
      description: "write what systems outside must trust now: PEM, DER, OpenSSH lines, CA pins",
      declare: (command) =>
        withFolder(command)
          .requiredOption("--out <dir>", "folder to write to; files of others in it stay as they are")
          .option("--type <type>", "only this CA type")
          .action(async (dir, options) =>
            done(await (await import("./artifacts.ts")).artifacts(terminal, dir, options)),
          ),
    },
    {
      name: "replay",
      description: "show a finished run again, from what --events wrote",
      declare: (command) =>
        withCommon(command)
          .argument("<file>", "the events of the run")
          .addOption(new Option("--speed <n>", "how many times faster").argParser(positive))
          .option("--no-tui", "no screen: text")
          .option("--screen-reader", "the screen as sentences in reading order")
          .action(async (file, options) =>
            done(await (await import("./replay.ts")).replay(terminal, file, options)),
          ),
    },
    {
      name: "rotate",
      description: "edit the YAML of a rotation, for a commit: start, advance, finish, rollback",
      declare: (command) => add(command, rotateCommands(terminal, done)),
    },
    {
      name: "override",
      description: "prepare externally signed CA certificates, for a commit: csr, add, enable, …",
      declare: (command) => add(command, overrideCommands(terminal, done)),
    },
    {
      name: "sandbox",
      description: "an embedded cluster to try everything on: up, down, status, fault",
      declare: (command) => add(command, sandboxCommands(terminal, done)),
    },
    {
      name: "action",
      description: "what the GitHub action runs: plan, apply, drift",
      declare: (command) =>
        command
          .argument("<mode>", "plan, apply or drift; the rest comes from the environment")
          .action(async (mode) => done(await (await import("./action.ts")).action(terminal, mode))),
    },
    {
      name: "doctor",
      description: "check versions, credentials, permissions and clock",
      declare: (command) =>
        withFolder(command).action(async (dir, options) =>
          done(await (await import("./doctor.ts")).doctor(terminal, dir, options)),
        ),
    },
  ]);
  return program;
}

/** What reviewers read comes as Markdown, too. */
const REVIEWED = ["text", "json", "markdown"] as const;

function lockCommands(terminal: Terminal, done: (code: ExitCode) => void): readonly Declaration[] {
  return [
    {
      name: "show",
      description: "who holds the lock, since when, and until when",
      declare: (command) =>
        withCommon(command).action(async (options) =>
          done(await (await import("./lock.ts")).lockShow(terminal, options)),
        ),
    },
    {
      name: "release",
      description: "end the lock of a run that is gone for good",
      declare: (command) =>
        withCommon(command)
          .requiredOption("--id <id>", "its id, as `lock show` says")
          .option("--force", "also while its run may be alive: two runs may then be at work at once")
          .action(async (options) => done(await (await import("./lock.ts")).lockRelease(terminal, options))),
    },
  ];
}

const ROTATE_ACTIONS = [
  ["start", "a new ca_rotation, at init, of the keys that sign now"],
  ["adopt", "a ca_rotation for a rotation that is under way and that git does not declare"],
  ["advance", "the next phase"],
  ["finish", "standby: the old key is dropped, the point of no return; active_keys follows"],
  ["rollback", "back to the old key"],
] as const;

function rotateCommands(terminal: Terminal, done: (code: ExitCode) => void): readonly Declaration[] {
  return ROTATE_ACTIONS.map(([name, description]) => ({
    name,
    description,
    declare(command) {
      withCommon(command).argument("<types>", "CA types, separated by commas");
      if (name === "start" || name === "adopt") command.option("--name <name>", "name of the rotation");
      if (name === "start") {
        command
          .addOption(
            new Option("--strategy <strategy>", "one phase per commit, or all in one").choices([
              "step",
              "walk",
            ]),
          )
          .option("--reason <text>", "why a rotation that was rolled back is started again");
      }
      command.action(async (types, options) => {
        done(await (await import("./rotate.ts")).rotate(terminal, name, types, options));
      });
    },
  }));
}

function overrideCommands(terminal: Terminal, done: (code: ExitCode) => void): readonly Declaration[] {
  const withFiles = (command: Command) =>
    withCommon(command).argument(
      "<files...>",
      "the signed certificate and its chain, PEM, in any order or as a bundle",
    );
  return [
    {
      name: "csr",
      description: "fetch certificate requests, one per key of a CA",
      declare: (command) =>
        withCommon(command)
          .argument("<type>", "db_client or windows")
          .option("--public-key <hash>", "only for this key")
          .option("--out <folder>", "where to write them (default: overrides/requests)")
          .option("--sign", "have the cluster's signer sign them, and add the certificates")
          .action(async (type, options) =>
            done(await (await import("./override/csr.ts")).csr(terminal, type, options)),
          ),
    },
    {
      name: "add",
      description: "put a signed certificate into git, staged",
      declare: (command) =>
        withFiles(command).action(async (files, options) =>
          done(await (await import("./override/add.ts")).addCertificate(terminal, files, options)),
        ),
    },
    {
      name: "enable",
      description: "have git ask for staged entries in force",
      declare: (command) =>
        withCommon(command)
          .argument("<type>", "db_client or windows")
          .argument("[hashes...]", "only the entries of these keys")
          .action(async (type, hashes, options) =>
            done(await (await import("./override/enable.ts")).enable(terminal, type, hashes, options)),
          ),
    },
    {
      name: "renew",
      description: "put another certificate for the same key into git",
      declare: (command) =>
        withFiles(command).action(async (files, options) =>
          done(await (await import("./override/renew.ts")).renew(terminal, files, options)),
        ),
    },
    {
      name: "retire",
      description: "remove entries from git whose key is gone, or goes with the last step",
      declare: (command) =>
        withCommon(command)
          .argument("<type>", "db_client or windows")
          .argument("[hashes...]", "only the entries of these keys")
          .action(async (type, hashes, options) =>
            done(await (await import("./override/retire.ts")).retire(terminal, type, hashes, options)),
          ),
    },
  ];
}

function sandboxCommands(terminal: Terminal, done: (code: ExitCode) => void): readonly Declaration[] {
  const withPlace = (command: Command) =>
    withCommon(command).option("--dir <dir>", "where it lives (default: .capstan/sandbox of the repository)");
  return [
    {
      name: "up",
      description: "start it in the background",
      declare: (command) =>
        withPlace(command)
          .addOption(
            new Option("--speed <n>", "how many times faster than life").argParser(positive).default(10),
          )
          .addOption(new Option("--nodes <n>", "SSH nodes").argParser(positive).default(4))
          .addOption(new Option("--auth-servers <n>", "auth servers").argParser(positive).default(1))
          .option("--hsm", "every auth server holds keys of its own")
          .option("--agentless <host:port...>", "OpenSSH servers that it knows without an agent")
          .addOption(
            new Option("--empty-lists <json>", "how tctl prints nothing")
              .choices(["[]", "null"])
              .default("[]"),
          )
          .option("--leaf", "a second cluster that trusts the first")
          .addOption(
            new Option("--teleport <version>", "which Teleport it plays").choices(RELEASES).default("18"),
          )
          .addOption(
            new Option("--talos <version>", "a Talos cluster instead, and which Talos it plays")
              .choices(TALOS_MINORS)
              .conflicts(["teleport", "nodes", "authServers", "hsm", "agentless", "emptyLists", "leaf"]),
          )
          .addOption(talosOnly("--control-planes <n>", "control planes (default: 3)"))
          .addOption(talosOnly("--workers <n>", "workers (default: 2)"))
          .action(async (options) => done(await (await import("./sandbox.ts")).up(terminal, options))),
    },
    {
      name: "down",
      description: "end it, and remove its files",
      declare: (command) =>
        withPlace(command).action(async (options) =>
          done(await (await import("./sandbox.ts")).down(terminal, options)),
        ),
    },
    {
      name: "status",
      description: "what the emulated cluster itself says, as JSON",
      declare: (command) =>
        withPlace(command).action(async (options) =>
          done(await (await import("./sandbox.ts")).sandboxState(terminal, options)),
        ),
    },
    {
      name: "fault",
      description: "break a component, or calls of an executable, on purpose",
      declare: (command) =>
        withPlace(command)
          .argument("<target>", "a component (node2), an executable (tctl), leaf, or all")
          .argument("<fault>", "see below")
          .option("--for <duration>", "ends by itself after this time")
          .addOption(
            new Option("--times <n>", "executables: how many calls it hits (default: 1)").argParser(positive),
          )
          .option("--match <word>", "executables: only calls with this word among their arguments")
          .option("--expired", "offline: its row vanishes from the listing at once")
          .addHelpText("after", FAULTS)
          .action(async (target, name, options) =>
            done(await (await import("./sandbox.ts")).fault(terminal, target, name, options)),
          ),
    },
    {
      name: "db-login",
      description: "write what the Database Service would dial a database with, now",
      declare: (command) =>
        withPlace(command)
          .requiredOption("--user <name>", "database user")
          .requiredOption("--out <prefix>", "writes PREFIX.key, PREFIX.crt and PREFIX.cas")
          .action(async (options) =>
            done(await (await import("./sandbox.ts")).databaseLogin(terminal, options)),
          ),
    },
  ];
}

/** Teleport has other components. */
function talosOnly(flags: string, description: string): Option {
  return new Option(flags, description).argParser(positive).conflicts(["teleport", "leaf", "hsm"]);
}

const FAULTS = [
  "",
  "Faults of Teleport:",
  ...TELEPORT_FAULTS.flatMap(({ name, description }) => [`  ${name}`, `      ${description}`]),
  "",
  "Faults of Talos, of a machine (worker-1, an address) or of calls to it:",
  ...TALOS_FAULTS.flatMap(({ name, description }) => [`  ${name}`, `      ${description}`]),
  "",
  "Of both:",
  "  clear",
  "      ends them",
].join("\n");

function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It is not a whole number above 0.");
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  throw new InvalidArgumentError("It is not a duration, as 60s or 5m.");
}
