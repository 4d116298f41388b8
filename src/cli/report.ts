import { CommanderError } from "commander";
import { Failure } from "../failure.ts";
import { harmless } from "../views/harmless.ts";
import { EXIT, type ExitCode, exitOfFailure } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** The one place where errors become text. */
export function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.error;
  if (error instanceof Failure) {
    const hint = error.hint === null ? "" : `\n  → ${lines(error.hint)}`;
    terminal.stderr.write(`capstan: ${lines(error.message)}${hint}\n`);
    return exitOfFailure(error.code);
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.stderr.write(
    `capstan: this is a bug of capstan; please report it with what follows\n${lines(stack)}\n`,
  );
  return EXIT.error;
}

/** Line by line, as a message may have several; what it quotes comes from anywhere. */
function lines(text: string): string {
  return text.split("\n").map(harmless).join("\n");
}
