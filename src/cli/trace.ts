import type { CommonOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** With --verbose, what is run goes to stderr; else it is not said. */
export function tracer(terminal: Terminal, { verbose }: CommonOptions): (line: string) => void {
  return verbose === true ? (line) => terminal.stderr.write(`${line}\n`) : () => {};
}
