import { type Command, Option } from "commander";

/** Flags that all commands share (design, section 6). */
export interface CommonOptions {
  readonly directory: string;
  readonly cluster?: string;
  readonly format: "text" | "json";
  readonly color: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function withCommon(command: Command): Command {
  return command
    .option("-C, --directory <dir>", "folder of the repository", ".")
    .option("--cluster <name>", "only this cluster")
    .addOption(
      new Option("--format <format>", "how results are printed").choices(["text", "json"]).default("text"),
    )
    .option("--no-color", "no colour, also with NO_COLOR in the environment")
    .option("-q, --quiet", "no progress on stderr")
    .option("-v, --verbose", "what is run, on stderr");
}

/** A command on the repository in a folder. */
export function withFolder(command: Command): Command {
  return withCommon(command).argument("[dir]", "folder of the repository");
}

/** A folder given as an argument wins over -C. */
export function directoryOf(argument: string | undefined, options: CommonOptions): string {
  return argument ?? options.directory;
}
