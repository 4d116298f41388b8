import { Command, InvalidArgumentError, Option } from "commander";
import packageJson from "../../../package.json" with { type: "json" };
import { type Flag, longOf } from "../../flag.ts";
import { parseSpan } from "../../resources/model/duration.ts";
import type { Argument, CommandRow } from "./command-row.ts";
import { GROUPS } from "./command-table.ts";
import { takeFromEnvironment } from "./environment-flags.ts";

/** Where there is more to read. */
const MORE = `\`capstan explain\` says what a word of a plan means. All of it:\n${packageJson.homepage}`;

/** As wide as all text of capstan; `dist/help.txt` was made so. */
const HELP_WIDTH = 80;

/** Where help and errors go. A stream is opened when it is first used: each costs milliseconds. */
interface HelpStreams {
  readonly stdout: Pick<NodeJS.WriteStream, "write" | "columns">;
  readonly stderr: Pick<NodeJS.WriteStream, "write">;
}

/** What a program needs of the world. */
export interface ProgramRim extends HelpStreams {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs a command with what was typed: its arguments, then its flags. */
export type RunRow = (row: CommandRow, given: readonly unknown[]) => Promise<void>;

/** commander's program for a table of commands; flags are declared only for what `argv` names, as help needs no others. */
export function programOf(
  rows: readonly CommandRow[],
  argv: readonly string[],
  version: string,
  streams: ProgramRim,
  run: RunRow,
): Command {
  const program = new Command("capstan")
    .description("Rotate certificate authorities by commit: plan, review, apply, roll back.")
    .version(version, "-V, --version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      // `report` prints it, as it does all errors.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(streams.stdout.columns ?? HELP_WIDTH, HELP_WIDTH),
    })
    .showSuggestionAfterError();
  const add = (parent: Command, name: string, summary: string) =>
    parent.command(name).description(summary).copyInheritedSettings(program);
  const groups = new Map<string, Command>();
  for (const row of rows) {
    const [first = "", second] = row.name.split(" ");
    if (second === undefined) {
      const command = add(program, first, row.summary);
      if (argv.includes(first)) declare(command, row, streams.env, run);
      continue;
    }
    const group = groups.get(first) ?? add(program, first, summaryOf(first));
    groups.set(first, group);
    if (!argv.includes(first)) continue;
    const command = add(group, second, row.summary);
    if (argv.includes(second)) declare(command, row, streams.env, run);
  }
  return program;
}

function summaryOf(group: string): string {
  return GROUPS.find(({ name }) => name === group)?.summary ?? "";
}

function declare(command: Command, row: CommandRow, env: ProgramRim["env"], run: RunRow): void {
  for (const argument of row.arguments) command.argument(shown(argument), argument.says);
  for (const [name, flag] of Object.entries(row.flags)) {
    command.addOption(optionOf(name, flag));
    if (flag.inline === true) takeInline(command, longOf(name, flag));
  }
  if (row.more !== undefined) command.addHelpText("after", row.more.join("\n"));
  command.addHelpText(
    "after",
    `\nExamples:\n${row.examples.map((line) => `  ${line}`).join("\n")}\n\n${MORE}`,
  );
  command.action((...given: unknown[]) => {
    takeFromEnvironment(command, row.flags, env);
    // The last thing that commander hands over is the command itself.
    return run(row, given.slice(0, -1));
  });
}

function shown({ name, optional, several }: Argument): string {
  const word = several === true ? `${name}...` : name;
  return optional === true ? `[${word}]` : `<${word}>`;
}

function optionOf(name: string, flag: Flag): Option {
  const { short, value, says, choices, required, repeatable, inline, conflicts } = flag;
  const long = short === undefined ? longOf(name, flag) : `-${short}, ${longOf(name, flag)}`;
  const word = repeatable === "value" ? `${value}...` : value;
  const shape = value === undefined ? "" : inline === true ? ` [${word}]` : ` <${word}>`;
  const option = new Option(
    `${long}${shape}`,
    flag.variable === undefined ? says : `${says} [${flag.variable}]`,
  );
  if (choices !== undefined) option.choices(choices);
  if (required === true) option.makeOptionMandatory();
  if (conflicts !== undefined) option.conflicts([...conflicts]);
  if (repeatable === "flag")
    option.argParser((text: string, before: readonly string[] = []) => [...before, text]);
  if (flag.of !== undefined) option.argParser(READERS[flag.of]);
  if (flag.default !== undefined) {
    const read = flag.of === undefined ? flag.default : READERS[flag.of](flag.default);
    option.default(read, flag.of === "duration" ? flag.default : undefined);
  }
  return option;
}

/** A century: what lies further has no date that anything could be planned for. */
const LONGEST_DAYS = 36_500;

const READERS: Readonly<Record<NonNullable<Flag["of"]>, (text: string) => number>> = {
  count(text) {
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) return number;
    throw new InvalidArgumentError("It is not a whole number above 0.");
  },
  duration(text) {
    const ms = parseSpan(text);
    const isTooLong = ms === null ? /^\d+(h|m|s|ms|d)$/.test(text) : ms > LONGEST_DAYS * 24 * 3_600_000;
    if (isTooLong)
      throw new InvalidArgumentError(`It is longer than ${LONGEST_DAYS}d, the longest there is.`);
    if (ms !== null && ms > 0) return ms;
    throw new InvalidArgumentError("It is not a duration, as 60s, 5m or 90d.");
  },
};

/** The value of a flag stands behind `=` only: a bare one gets an empty value, so that no word behind it is taken. */
function takeInline(command: Command, long: string): void {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (words) => {
    const end = words.indexOf("--");
    let isValue = false;
    return parse(
      words.map((word, index) => {
        // The value of another flag stays as it is.
        const isFlag = !isValue && (end === -1 || index < end);
        isValue =
          isFlag &&
          command.options.some(({ long, short, required }) => required && [long, short].includes(word));
        return isFlag && word === long ? `${long}=` : word;
      }),
    );
  };
}
