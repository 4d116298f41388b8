/** After how long a call that is still running is named; then again whenever as much time has passed as before. */
const FIRST_MS = 10_000;

/**
 * The end of a call that runs, which is named while it does not come: who waits has to know for whom, and not after the
 * two minutes in which it is given up. `what`: gives the call, for people. `tell` takes a line without a line feed.
 */
export async function tellingWhileSlow<Result>(
  what: () => string,
  call: Promise<Result>,
  tell: (line: string) => void,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const watch = (passedMs: number, waitMs: number) => {
    timer = setTimeout(() => {
      const ms = passedMs + waitMs;
      tell(`still waiting for ${what()} (${Math.round(ms / 1000)} s)`);
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
}
