import { stripVTControlCharacters } from "node:util";
import { Failure } from "../../src/failure.ts";
import { redact } from "../../src/process/redact.ts";
import { type ExecutableCall, type Runner, type RunnerOptions, shown } from "../../src/process/runner.ts";
import { callTool, emulatedTool } from "./emulated-tool.ts";
import { fork } from "./fork-server.ts";

/** Another one may lead to another git, or to none. */
const PATH = process.env["PATH"];

/** As long as it may take without a test. */
export const LONGEST_MS = 120_000;

/** How long other executables may take that are given no time of their own: nobody waits minutes for one that hangs. */
export const patience = { ms: LONGEST_MS };

/** Those of simple-git that are used. */
interface GitOptions {
  readonly baseDir?: string;
  readonly config?: readonly string[];
  readonly input?: () => string | Buffer;
}

/** What an executable printed, however it was run. */
interface Printed {
  readonly exit: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** simple-git, as far as the record and its tests use it, with its errors: a status other than 0 that says something. */
export function quickGit(actual: typeof import("simple-git")) {
  const running = (baseDir: string, options: GitOptions, env: NodeJS.ProcessEnv) => ({
    env: (other: NodeJS.ProcessEnv) => running(baseDir, options, other),
    async raw(...args: readonly (string | readonly string[])[]) {
      const words = [...(options.config ?? []).flatMap((setting) => ["-c", setting]), ...args.flat()];
      const { exit, stdout, stderr } = await fork({
        argv: ["git", ...words],
        cwd: baseDir,
        env,
        stdin: options.input?.(),
      });
      if (exit !== 0 && stderr !== "") throw new actual.GitError(undefined, `${stdout}${stderr}`);
      return stdout.toString();
    },
  });
  const simpleGit = (where: string | GitOptions) => {
    const options = typeof where === "string" ? { baseDir: where } : where;
    // Nothing that sends git elsewhere.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^GIT_(?!CONFIG_GLOBAL$)/.test(name)),
    );
    return running(options.baseDir ?? process.cwd(), options, env);
  };
  return { ...actual, simpleGit };
}

/** A runner whose emulated executables are no processes, and whose git is started by a process that is small. */
export function shortcut(processes: Runner, { trace, cwd }: RunnerOptions): Runner {
  const insteadOf = ({ argv, env: more = {}, stdin }: ExecutableCall) => {
    const [file = "", ...words] = argv;
    // To ask for all of it takes longer than most calls of an emulated executable, which does not look at it.
    const environment = () => ({ ...process.env, ...more });
    const path = "PATH" in more ? more["PATH"] : process.env["PATH"];
    if (file === "git" && cwd === undefined && path === PATH)
      return (signal: AbortSignal) => fork({ argv, cwd: process.cwd(), env: environment(), stdin, signal });
    // An editor runs at the caller's side.
    const tool = words.includes("edit") ? null : emulatedTool(file);
    if (tool === null) return null;
    return (signal: AbortSignal) => callTool(tool, { argv: words, environment, stdin: stdin ?? "", signal });
  };
  const answered = async (command: ExecutableCall, answering: (signal: AbortSignal) => Promise<Printed>) => {
    const { argv, timeoutMs = LONGEST_MS, signal } = command;
    const started = performance.now();
    const late = AbortSignal.timeout(timeoutMs);
    const over = AbortSignal.any(signal === undefined ? [late] : [late, signal]);
    const ended = new Promise<null>((resolve) => {
      if (over.aborted) resolve(null);
      else over.addEventListener("abort", () => resolve(null), { once: true });
    });
    const answer = await Promise.race([ended, answering(over)]);
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
      const instead = insteadOf(command);
      if (instead === null) return await processes.run({ timeoutMs: patience.ms, ...command });
      const { stdout, ...outcome } = await answered(command, instead);
      return { ...outcome, stdout: stripVTControlCharacters(Buffer.from(stdout).toString()) };
    },
    async stream(command, consume) {
      const instead = insteadOf(command);
      if (instead === null) return await processes.stream({ timeoutMs: patience.ms, ...command }, consume);
      const { stdout, ...outcome } = await answered(command, instead);
      consume(stdout);
      return outcome;
    },
  };
}
