import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { Failure } from "../failure.ts";
import { keepEnd, keepStart } from "./kept-output.ts";
import { type GroupEnd, type ProcessGroup, startGroup } from "./process-group.ts";
import { redact } from "./redact.ts";
import { tellingWhileSlow } from "./slow-calls.ts";
import { createLimit, type Limit } from "./task-limit.ts";

/**
 * The one place that runs executables (design, section 5): argv arrays and never a shell, time limits, output
 * caps, no colour codes, no secrets in what is quoted. An exit status other than 0 is an outcome, as only the
 * caller knows what it means; an executable that did not run to its own end is a `Failure`.
 */
export interface Runner {
  /** Runs to the end and gives all it printed. */
  run(command: ExecutableCall): Promise<Outcome>;
  /** Hands over standard output while the executable still prints; `consume` must not keep the chunk. */
  stream(command: ExecutableCall, consume: (chunk: Uint8Array) => void): Promise<StreamOutcome>;
}

/** One call of an executable. */
export interface ExecutableCall {
  /** The executable and its arguments, as they are. */
  readonly argv: readonly string[];
  /** Added to the environment of capstan itself, which is passed on as it is; `undefined` takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Given on standard input; without it there is none. */
  readonly stdin?: string;
  readonly timeoutMs?: number;
  /** Ends the executable and everything it started. */
  readonly signal?: AbortSignal | undefined;
  /** More output than this is a `Failure`; that of `stream` is not kept, and has a bound of its own. */
  readonly maxBytes?: number;
}

/** How an executable ended whose standard output was handed over as it came. */
export interface StreamOutcome {
  readonly argv: readonly string[];
  readonly exitCode: number;
  /** Without colour codes and secrets. Only the end of it when it is very long. */
  readonly stderr: string;
  readonly durationMs: number;
}

interface Outcome extends StreamOutcome {
  /** Without colour codes, but whole: secrets are taken out by whoever quotes it. */
  readonly stdout: string;
}

/** The executable is not there, or is none: nothing was started. */
export class CannotRun extends Failure {
  constructor(file: string, why: string, hint?: string) {
    super("executable", `Cannot run ${JSON.stringify(file)}: ${why}`, hint === undefined ? {} : { hint });
  }
}

/** What holds for every executable of a run. */
export interface RunnerOptions {
  /** Executables at the same time: how many, or a limit that several runners share. */
  readonly limit?: number | Limit;
  /** Takes a line for every executable that has ended, for `--verbose`. */
  readonly trace?: (line: string) => void;
  /** Takes a line for an executable that runs and does not end, ever more seldom; one that waits for a place is none. */
  readonly tell?: (line: string) => void;
  /** The folder that executables start in; without it, the one that capstan was started in. */
  readonly cwd?: string;
  /** Other bounds than those of a run of capstan. */
  readonly bounds?: Partial<Bounds>;
}

/** What no executable may go beyond, whatever the call asks for. */
interface Bounds {
  /** Of standard output that is not kept: 1,000,000 nodes are some 1.1 GB. */
  readonly streamBytes: number;
  /** Of standard error, of which the end is kept. */
  readonly stderrBytes: number;
  /** How long something that the executable started may keep its output open after it ended itself. */
  readonly heldOpenMs: number;
}

const BOUNDS: Bounds = {
  streamBytes: 3 * 1024 * 1024 * 1024,
  stderrBytes: 64 * 1024 * 1024,
  heldOpenMs: 5_000,
};

/**
 * Room for all the calls of one observation (11 for Teleport) in one wave: they wait for the network, and a
 * plan should cost little more than the slowest of them (design, section 9). Several clusters share it, so
 * that a large repository does not start a hundred executables of some 100 MB each.
 */
export const EXECUTABLES_AT_ONCE = 12;
/** Longer than the time in which `tctl` itself gives up dialling, and than a listing of 100,000 nodes. */
const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Of standard error the end is kept: that is where the error is. */
const MAX_STDERR_BYTES = 256 * 1024;
/** Of all that Node can wait for the longest, some 25 days: what is to come later comes at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Between asking an executable to end and ending it. */
const GRACE_MS = 2_000;

/** What capstan alone has a use for: by it a forge is believed, and no executable is handed it. */
const FOR_NOBODY_ELSE = { CAPSTAN_HOOK_SECRET: undefined };

/** One runner, and so one limit, for a whole run of capstan. */
export function createRunner(options: RunnerOptions = {}): Runner {
  const { limit: places = EXECUTABLES_AT_ONCE } = options;
  const limit = typeof places === "number" ? createLimit(places) : places;
  const bounds: Bounds = { ...BOUNDS, ...options.bounds };
  return {
    run: (command) =>
      limit(async () => {
        const maxBytes = command.maxBytes ?? DEFAULT_MAX_BYTES;
        const stdout = keepStart(maxBytes);
        const outcome = await traced(command, () =>
          execute(command, stdout.add, { ...bounds, cwd: options.cwd, maxBytes }),
        );
        return { ...outcome, stdout: stripVTControlCharacters(stdout.text()) };
      }),
    stream: (command, consume) =>
      limit(() =>
        traced(command, () =>
          execute(command, consume, { ...bounds, cwd: options.cwd, maxBytes: bounds.streamBytes }),
        ),
      ),
  };

  async function traced(command: ExecutableCall, task: () => Promise<StreamOutcome>): Promise<StreamOutcome> {
    try {
      const running = task();
      const { tell } = options;
      const outcome = await (tell === undefined
        ? running
        : tellingWhileSlow(() => shown(command), running, tell));
      options.trace?.(
        `${shown(command)}: exit status ${outcome.exitCode}, ${Math.round(outcome.durationMs)} ms`,
      );
      return outcome;
    } catch (error) {
      options.trace?.(error instanceof Failure ? error.message : `${shown(command)}: ${error}`);
      throw error;
    }
  }
}

async function execute(
  command: ExecutableCall,
  consume: (chunk: Uint8Array) => void,
  {
    maxBytes,
    stderrBytes,
    heldOpenMs,
    cwd,
  }: Bounds & { readonly maxBytes: number; readonly cwd: string | undefined },
): Promise<StreamOutcome> {
  const [file, ...args] = command.argv;
  if (file === undefined)
    throw new Failure("resources", "There is no executable to run: the command is empty.");
  if (command.signal?.aborted) throw interrupted(command);
  const started = performance.now();
  const stderr = keepEnd(MAX_STDERR_BYTES);
  const timeoutMs = command.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const env = { ...process.env, ...command.env, ...FOR_NOBODY_ELSE };
  const group = startGroup({ argv: [file, ...args], env, cwd, stdin: command.stdin });
  const ending = endingOf(group);
  let timedOut = false;
  const limit = setTimeout(
    () => {
      timedOut = true;
      ending.begin();
    },
    Math.min(timeoutMs, LONGEST_TIMER_MS),
  );
  command.signal?.addEventListener("abort", ending.begin);
  let thrown: { readonly error: unknown } | null = null;
  let bytes = 0;
  let overflow: string | null = null;
  const overflown = (what: string) => {
    overflow ??= what;
    ending.begin();
  };
  group.stderr?.on("data", (chunk: Uint8Array) => {
    if (overflow !== null) return;
    stderr.add(chunk);
    if (stderr.total() > stderrBytes) overflown(`${stderrBytes} bytes on standard error`);
  });
  group.stdout?.on("data", (chunk: Uint8Array) => {
    if (thrown !== null || overflow !== null) return;
    bytes += chunk.length;
    if (bytes > maxBytes) return overflown(`${maxBytes} bytes`);
    try {
      consume(chunk);
    } catch (error) {
      thrown = { error };
      ending.begin();
    }
  });
  // What it started may hold our pipes open for ever, even in a process group of its own.
  let held = false;
  let patience: NodeJS.Timeout | undefined;
  group.onExit(() => {
    patience = setTimeout(() => {
      held = true;
      group.signal("SIGKILL");
      group.stdout?.destroy();
      group.stderr?.destroy();
    }, heldOpenMs);
  });
  const end = await group.ended;
  clearTimeout(patience);
  clearTimeout(limit);
  command.signal?.removeEventListener("abort", ending.begin);
  await ending.over();
  if (thrown !== null) throw (thrown as { readonly error: unknown }).error;
  const exitCode = exitCodeOf(command, end, {
    timedOut,
    overflow,
    held: held ? heldOpenMs / 1000 : null,
    timeoutSeconds: timeoutMs / 1000,
    seconds: (performance.now() - started) / 1000,
    stderr: stderr.text(),
  });
  return {
    argv: command.argv,
    exitCode,
    stderr: redact(stripVTControlCharacters(stderr.text())),
    durationMs: performance.now() - started,
  };
}

const LOOK_AGAIN_MS = 20;

/** How an executable is ended before its time, with everything that it started. */
function endingOf(group: ProcessGroup): { readonly begin: () => void; readonly over: () => Promise<void> } {
  let force: NodeJS.Timeout | undefined;
  return {
    /** Asked politely first. */
    begin() {
      if (force !== undefined) return;
      group.signal("SIGTERM");
      force = setTimeout(() => group.signal("SIGKILL"), GRACE_MS);
    },
    /**
     * Who asks for nothing but the end of the executable itself, and does not heed the polite request, would go on unseen:
     * they have as long for it as the executable has.
     */
    async over() {
      if (force === undefined) return;
      clearTimeout(force);
      const until = performance.now() + GRACE_MS;
      while (group.signal(0) && performance.now() < until) await delay(LOOK_AGAIN_MS);
      group.signal("SIGKILL");
    },
  };
}

/** What was seen of a call besides its result. */
interface Seen {
  readonly timedOut: boolean;
  /** What there was too much of; `null`: it stayed within bounds. */
  readonly overflow: string | null;
  /** Seconds for which something that it started held its output open; `null`: nothing did. */
  readonly held: number | null;
  readonly timeoutSeconds: number;
  /** From its start to its end. */
  readonly seconds: number;
  readonly stderr: string;
}

/** Of an executable that ran to its own end; throws a `Failure` for any other. */
function exitCodeOf(
  command: ExecutableCall,
  end: GroupEnd,
  { timedOut, overflow, held, timeoutSeconds, seconds, stderr }: Seen,
): number {
  const said = quote(stderr);
  if (overflow !== null) {
    throw new Failure("executable", `${shown(command)} printed more than ${overflow}.`, {
      hint: "run it by hand to see what it prints: that is no answer but a stream without an end",
    });
  }
  if (command.signal?.aborted) throw interrupted(command);
  if (timedOut) {
    throw new Failure("executable", `${shown(command)} did not finish within ${timeoutSeconds} s.${said}`, {
      hint: "run it by hand to see what it waits for: a login, a prompt, or a server that does not answer",
    });
  }
  if (held !== null) {
    throw new Failure(
      "executable",
      `${shown(command)} ended, but something that it started kept its output open for ${held} s more.${said}`,
      { hint: "give what it leaves running in the background an output of its own: >/dev/null 2>&1" },
    );
  }
  if (end.error !== null || end.exitCode === null) throw notRun(command, end, seconds.toFixed(1), said);
  return end.exitCode;
}

/** The command line for people; quoted only where it would be ambiguous. */
export function shown(command: { readonly argv: readonly string[] }): string {
  return redact(
    command.argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" "),
  );
}

function notRun(
  command: ExecutableCall,
  { error, signal }: GroupEnd,
  seconds: string,
  said: string,
): Failure {
  const [file = ""] = command.argv;
  if (error?.code === "ENOENT") {
    const where = file.includes("/") ? "There is no such file." : "It is not on the PATH.";
    return new CannotRun(file, where, "install it, or name it in the cluster resource with its full path");
  }
  if (error?.code === "EACCES") {
    return new CannotRun(
      file,
      "it is not an executable file.",
      "make it executable, or name another one in the cluster resource",
    );
  }
  if (error === null && signal !== null) {
    return new Failure("executable", `${shown(command)} was ended by ${signal} after ${seconds} s.${said}`, {
      hint: "look at the log of this machine: something outside capstan ended it, a person or a lack of memory",
    });
  }
  return new CannotRun(file, `${error?.message ?? "unknown"}.`);
}

function interrupted(command: ExecutableCall): Failure {
  return new Failure("interrupted", `${shown(command)} was stopped.`);
}

function quote(stderr: string): string {
  const text = redact(stripVTControlCharacters(stderr)).trim();
  return text === "" ? "" : ` It said: ${text.slice(-500)}`;
}
