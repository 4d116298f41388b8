/**
 * Imported by the files of tests that are about what commands say and do, not about processes: `Repository` then runs
 * them in this process, and so do the emulated executables and the sandbox. Real git, real files, real time.
 */
import { stripVTControlCharacters } from "node:util";
import { vi } from "vitest";
import { Failure } from "../../src/failure.ts";
import { redact } from "../../src/process/redact.ts";
import { type ExecutableCall, type Runner, type RunnerOptions, shown } from "../../src/process/runner.ts";
import type { UpOptions } from "../../src/sandbox/spawn-daemon.ts";
import { startSandbox } from "../../src/sandbox/start-teleport.ts";
import { startTalosSandbox } from "../../src/sandbox/talos/start-talos.ts";
import { runHere } from "./command-line.ts";
import { callTool, emulatedTool } from "./emulated-tool.ts";
import { Repository } from "./repository.ts";

// Starting Node for each of a thousand calls of an emulated executable would be most of the time of these tests.
vi.mock("../../src/process/runner.ts", async (original) => {
  const actual = await original<typeof import("../../src/process/runner.ts")>();
  return {
    ...actual,
    createRunner: (options: RunnerOptions = {}) => shortcut(actual.createRunner(options), options),
  };
});

// Nor do they need a process for each cluster: whatever asks for it finds it by its folder and its port, as ever.
vi.mock("../../src/sandbox/spawn-daemon.ts", () => ({
  spawnDaemon: async (options: UpOptions) =>
    ("talos" in options ? await startTalosSandbox(options) : await startSandbox(options)).info,
}));

Repository.runsWith(
  async (argv, { folder, env }) => await runHere(argv, { cwd: folder, env: { ...process.env, ...env } }),
);

const LONGEST_MS = 120_000;

/** How long other executables may take that are given no time of their own: nobody waits minutes for one that hangs. */
export const patience = { ms: LONGEST_MS };

/** A runner whose emulated executables are no processes; all others are. */
function shortcut(processes: Runner, { trace }: RunnerOptions): Runner {
  // An editor runs at the caller's side.
  const emulatedBy = ({ argv: [file = "", ...words] }: ExecutableCall) =>
    words.includes("edit") ? null : emulatedTool(file);
  const answered = async (command: ExecutableCall, tool: NonNullable<ReturnType<typeof emulatedBy>>) => {
    const { argv, env = {}, stdin = "", timeoutMs = LONGEST_MS, signal } = command;
    const started = performance.now();
    const late = AbortSignal.timeout(timeoutMs);
    const over = AbortSignal.any(signal === undefined ? [late] : [late, signal]);
    const ended = new Promise<null>((resolve) => {
      if (over.aborted) resolve(null);
      else over.addEventListener("abort", () => resolve(null), { once: true });
    });
    const call = { argv: argv.slice(1), env: { ...process.env, ...env }, stdin, signal: over };
    const answer = await Promise.race([ended, callTool(tool, call)]);
    if (answer === null || over.aborted) {
      if (signal?.aborted) throw new Failure("interrupted", `${shown(command)} was stopped.`);
      throw new Failure("executable", `${shown(command)} did not finish within ${timeoutMs / 1000} s.`);
    }
    const durationMs = performance.now() - started;
    trace?.(`${shown(command)}: exit status ${answer.exit}, ${Math.round(durationMs)} ms`);
    const stderr = redact(stripVTControlCharacters(answer.stderr));
    return { argv, exitCode: answer.exit, stdout: answer.stdout, stderr, durationMs };
  };
  return {
    async run(command) {
      const tool = emulatedBy(command);
      if (tool === null) return await processes.run({ timeoutMs: patience.ms, ...command });
      const { stdout, ...outcome } = await answered(command, tool);
      return { ...outcome, stdout: stripVTControlCharacters(Buffer.from(stdout).toString()) };
    },
    async stream(command, consume) {
      const tool = emulatedBy(command);
      if (tool === null) return await processes.stream({ timeoutMs: patience.ms, ...command }, consume);
      const { stdout, ...outcome } = await answered(command, tool);
      consume(stdout);
      return outcome;
    },
  };
}
