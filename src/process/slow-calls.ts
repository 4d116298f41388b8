import { type ExecutableCall, type Runner, shown } from "./runner.ts";

/** After how long a call that is still running is named; then again whenever as much time has passed as before. */
const FIRST_MS = 10_000;

/**
 * The same runner, which names a call that does not end: who waits has to know for whom, and not after the two minutes in
 * which it is given up. `tell` takes a line without a line feed.
 */
export function tellingOfSlowCalls(runner: Runner, tell: (line: string) => void): Runner {
  const watched = async <T>(command: ExecutableCall, call: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const watch = (passedMs: number, waitMs: number) => {
      timer = setTimeout(() => {
        const ms = passedMs + waitMs;
        tell(`still waiting for ${shown(command)} (${Math.round(ms / 1000)} s)`);
        watch(ms, ms);
      }, waitMs);
      timer.unref();
    };
    watch(0, FIRST_MS);
    try {
      return await call;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    run: (command) => watched(command, runner.run(command)),
    stream: (command, consume) => watched(command, runner.stream(command, consume)),
  };
}
