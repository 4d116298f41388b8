import { stripVTControlCharacters } from "node:util";
import { vi } from "vitest";
import type { ExecutableCall, Runner } from "../../src/process/runner.ts";
import type { EmulatedPlatform } from "../../src/sandbox/emulated-platform.ts";
import { runHere } from "./command-line.ts";
import { type Ran, Repository } from "./repository.ts";

/** Emulated executables of sandboxes in this process, by path. */
const EMULATED = vi.hoisted(() => new Map<string, EmulatedExecutable>());

interface EmulatedExecutable {
  readonly platform: Required<Pick<EmulatedPlatform, "run">>;
  readonly calls: (readonly string[])[];
}

// Starting Node for each of a thousand calls of the emulated tctl would be most of the time of these tests. What it
// runs is the same; `edit`, whose editor runs at the caller's side, stays a process.
vi.mock("../../src/process/runner.ts", async (original) => {
  const actual = await original<typeof import("../../src/process/runner.ts")>();
  return { ...actual, createRunner: (options = {}) => shortcut(actual.createRunner(options)) };
});

function shortcut(processes: Runner): Runner {
  const emulatedBy = ({ argv: [file = "", verb] }: ExecutableCall) =>
    verb === "edit" ? undefined : EMULATED.get(file);
  return {
    async run(command) {
      const executable = emulatedBy(command);
      return executable === undefined ? processes.run(command) : runEmulated(executable, command);
    },
    async stream(command, consume) {
      const executable = emulatedBy(command);
      if (executable === undefined) return processes.stream(command, consume);
      const { stdout, ...outcome } = await runEmulated(executable, command);
      consume(Buffer.from(stdout));
      return outcome;
    },
  };
}

async function runEmulated(
  { platform, calls }: EmulatedExecutable,
  { argv, stdin = "", signal }: ExecutableCall,
) {
  const [tool = "", ...words] = argv;
  calls.push(words);
  const started = performance.now();
  const result = await platform.run({
    tool,
    argv: words,
    cwd: process.cwd(),
    stdin,
    signal: signal ?? new AbortController().signal,
  });
  const printed = result.stdout;
  const stdout =
    typeof printed === "string" || printed instanceof Uint8Array
      ? Buffer.from(printed).toString()
      : [...printed].join("");
  return {
    argv,
    exitCode: result.exit,
    stdout: stripVTControlCharacters(stdout),
    stderr: stripVTControlCharacters(result.stderr),
    durationMs: performance.now() - started,
  };
}

/**
 * A repository whose commands run in this process: for stories of many commands, in which the start of executables
 * is not the point.
 */
export class InProcessRepository extends Repository {
  #executable: EmulatedExecutable | null = null;

  static async inFolder(): Promise<InProcessRepository> {
    return new InProcessRepository((await Repository.create()).folder);
  }

  /** Has the `tctl` of this repository's sandbox run here. */
  emulate(path: string, platform: EmulatedExecutable["platform"]): void {
    this.#executable = { platform, calls: [] };
    EMULATED.set(path, this.#executable);
  }

  override async capstan(...args: readonly string[]): Promise<Ran> {
    return await runHere(args, { cwd: this.folder, env: process.env });
  }

  /** Those that were processes first: `edit`, and calls by hand. */
  override async calls(): Promise<readonly (readonly string[])[]> {
    return [...(await super.calls()), ...(this.#executable?.calls ?? [])];
  }
}
