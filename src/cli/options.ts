import { type Command, Option } from "commander";

export type Format = "text" | "json" | "markdown";

/** Flags that all commands share (design, section 6). */
export interface CommonOptions {
  readonly directory: string;
  readonly cluster?: string;
  readonly format: Format;
  readonly color: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Markdown is for what reviewers read: a plan, a status, what is wrong with resources. */
export function withCommon(command: Command, formats: readonly Format[] = ["text", "json"]): Command {
  return command
    .option("-C, --directory <dir>", "folder of the repository", ".")
    .option("--cluster <name>", "only this cluster")
    .addOption(new Option("--format <format>", "how results are printed").choices(formats).default("text"))
    .option("--no-color", "no colour, also with NO_COLOR in the environment")
    .option("-q, --quiet", "no progress on stderr")
    .option("-v, --verbose", "what is run, on stderr");
}

/** A command on the repository in a folder. */
export function withFolder(command: Command, formats?: readonly Format[]): Command {
  return withCommon(command, formats).argument("[dir]", "folder of the repository");
}

/** A folder given as an argument wins over -C. */
export function directoryOf(argument: string | undefined, options: CommonOptions): string {
  return argument ?? options.directory;
}
