import packageJson from "../../package.json" with { type: "json" };
import { fieldsOf } from "../foreign-value.ts";
import { COMMANDS, type DeclaredCommand } from "./commands/command-table.ts";
import { HANDLERS } from "./commands/handlers.ts";
import { withFlagsBehind } from "./commands/leading-flags.ts";
import { programOf, type RunRow } from "./commands/program.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { report } from "./report.ts";
import { discreet, processTerminal, type Terminal } from "./terminal.ts";

/** Also where the command line is wrong, and nobody has read its flags. */
function asksForJson(argv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const flag = argv.findLastIndex((word) => word === "--format" || word.startsWith("--format="));
  const value = flag < 0 ? env["CAPSTAN_FORMAT"] : (argv[flag]?.split("=")[1] ?? argv[flag + 1]);
  return value === "json";
}

/** The only cluster that was named; `null`: none, or several. */
function clusterTyped(argv: readonly string[]): string | null {
  const names = argv.flatMap((word, index) => {
    if (word.startsWith("--cluster=")) return [word.slice("--cluster=".length)];
    const next = argv[index + 1];
    return word === "--cluster" && next !== undefined ? [next] : [];
  });
  const [only] = names;
  return names.length === 1 && only !== undefined ? only : null;
}

/** What `--profile` names, which is among the flags, the last that was given; `null` without it. */
function profileOf(given: readonly unknown[]): string | null {
  const file = fieldsOf(given.at(-1))["profile"];
  return typeof file === "string" ? file : null;
}

/**
 * Runs one command line and gives its exit code. Every command is loaded when it is asked for, so that
 * `--version` and `--help` cost no more than reading the table of commands.
 */
export async function main(
  argv: readonly string[],
  outside: Terminal = processTerminal(),
): Promise<ExitCode> {
  const terminal = discreet(outside);
  let exit: ExitCode = EXIT.ok;
  const run: RunRow = async ({ name }, given) => {
    const handler = await HANDLERS[name as DeclaredCommand["name"]]();
    // commander has read what the row says, and every row was compared with its handler by `HANDLERS`.
    const handle = (): Promise<ExitCode> => Reflect.apply(handler, undefined, [terminal, ...given]);
    const file = profileOf(given);
    if (file === null) exit = await handle();
    else exit = await (await import("./profiled.ts")).profiled(terminal, file, handle);
  };
  try {
    const words = withFlagsBehind(COMMANDS, argv);
    const program = programOf(COMMANDS, words, packageJson.version, terminal, run);
    await program.parseAsync([...words], { from: "user" });
    return exit;
  } catch (error) {
    return await report(error, terminal, {
      asJson: asksForJson(argv, outside.env),
      cluster: clusterTyped(argv),
    });
  }
}
