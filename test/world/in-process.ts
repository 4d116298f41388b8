import { Writable } from "node:stream";
import { main } from "../../src/cli/main.ts";
import type { Ran } from "./repository.ts";

/** Runs a command line in this process: a tenth of the time that the executable takes, and with any environment. */
export async function capstanInProcess(
  cwd: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
  now: () => number = () => Date.now(),
): Promise<Ran> {
  const [out, err] = [new Sink(), new Sink()];
  const exit = await main(argv, {
    stdin: process.stdin,
    stdout: out as unknown as NodeJS.WriteStream,
    stderr: err as unknown as NodeJS.WriteStream,
    env: { NO_COLOR: "1", ...env },
    cwd,
    now,
  });
  return { exit, stdout: out.text, stderr: err.text };
}

class Sink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
