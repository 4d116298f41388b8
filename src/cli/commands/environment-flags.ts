import { type Command, InvalidArgumentError } from "commander";
import { Failure } from "../../failure.ts";
import type { Flag, Flags } from "../../flag.ts";

/**
 * Gives flags that were not typed the values of their environment variables; an empty one is none. Throws a `Failure`
 * (`usage`) for a value that the flag would not take.
 */
export function takeFromEnvironment(
  command: Command,
  flags: Flags,
  env: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, flag] of Object.entries(flags)) {
    const text = flag.variable === undefined ? "" : (env[flag.variable]?.trim() ?? "");
    const source = command.getOptionValueSource(name);
    if (text === "" || (source !== undefined && source !== "default")) continue;
    command.setOptionValueWithSource(name, readVariable(command, name, flag, text), "env");
  }
}

function readVariable(command: Command, name: string, flag: Flag, text: string): unknown {
  const option = command.options.find((one) => one.attributeName() === name);
  const words = flag.repeatable === undefined ? [text] : text.split(/[,\s]+/).filter((word) => word !== "");
  try {
    return words.reduce<unknown>((before, word) => option?.parseArg?.(word, before) ?? word, undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new Failure("usage", `${flag.variable} is "${text}"`, { hint: error.message });
  }
}
