import { PassThrough } from "node:stream";
import { main } from "../../src/cli/main.ts";
import type { Ran } from "./repository.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly now?: () => number;
}

/** Runs a command line in this process: a tenth of the time that the executable takes. */
export async function runHere(argv: readonly string[], { cwd, env, now }: Surroundings): Promise<Ran> {
  const [stdout, stderr] = [printed(), printed()];
  const exit = await main(argv, {
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { ...env, NO_COLOR: "1" },
    cwd,
    now: now ?? (() => Date.now()),
  });
  return { exit, stdout: stdout.text(), stderr: stderr.text() };
}

/** A stream that is no terminal, and what was written to it. */
function printed() {
  const pieces: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (piece) => pieces.push(String(piece)));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => pieces.join("") };
}
