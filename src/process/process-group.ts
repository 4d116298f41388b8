import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { onExit } from "signal-exit";

/** What is started, and where. */
interface GroupLeader {
  readonly argv: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  /** Given on standard input; without it there is none. */
  readonly stdin?: string | undefined;
}

/** How an executable ended. One that could not be started, or heard, has an error in place of both. */
export interface GroupEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: NodeJS.ErrnoException | null;
}

/** An executable that runs, with everything that it starts. */
export interface ProcessGroup {
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** That it ended itself: what it started may still hold its output open. */
  readonly onExit: (listener: () => void) => void;
  /** That it ended, and nobody holds its output open. */
  readonly ended: Promise<GroupEnd>;
  /** Signals all of the group; `false` when nobody is left. `0` only asks. */
  readonly signal: (signal: NodeJS.Signals | 0) => boolean;
}

/**
 * Starts an executable in a process group of its own. A wrapper script that does not exec would leave the real executable
 * hanging on our pipe when only the wrapper is ended. It also keeps Ctrl-C on the terminal from ending a transition
 * half-way: capstan decides when to stop. Whatever ends capstan itself ends the group.
 *
 * By Node's own means, as a package that does more costs 25 ms to load and as much processor time for each call as the
 * call itself (docs/performance.md).
 */
export function startGroup({ argv: [file, ...args], env, cwd, stdin }: GroupLeader): ProcessGroup {
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      env,
      cwd,
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      detached: true,
    });
  } catch (error) {
    return neverStarted(error as NodeJS.ErrnoException);
  }
  const signal = (wanted: NodeJS.Signals | 0) => signalGroup(child, wanted);
  const forget = onExit(() => {
    signal("SIGTERM");
  });
  const ended = new Promise<GroupEnd>((resolve) => {
    let broken: NodeJS.ErrnoException | null = null;
    child.on("error", (error) => {
      // Without a process nothing else follows; with one, it is a signal that could not be sent.
      if (child.pid === undefined) resolve({ exitCode: null, signal: null, error });
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("error", (error) => {
        broken = error;
        signal("SIGKILL");
      });
    }
    child.on("close", (exitCode, by) => resolve({ exitCode, signal: by, error: broken }));
  }).finally(forget);
  // Whoever does not read all of its input is free not to.
  child.stdin?.on("error", () => undefined).end(stdin);
  return {
    // Absent where no file descriptor is left for them.
    stdout: child.stdout ?? null,
    stderr: child.stderr ?? null,
    onExit: (listener) => void child.once("exit", listener),
    ended,
    signal,
  };
}

/** As what Node throws instead of telling: arguments that are too long, or that have a zero byte. */
function neverStarted(error: NodeJS.ErrnoException): ProcessGroup {
  return {
    stdout: null,
    stderr: null,
    onExit: () => undefined,
    ended: Promise.resolve({ exitCode: null, signal: null, error }),
    signal: () => false,
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in it, or one of them is not ours to signal; then at least the executable itself.
    return child.kill(signal);
  }
}
