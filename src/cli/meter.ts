import type { CommonOptions } from "./commands/common-flags.ts";
import type { Terminal } from "./terminal.ts";

/** How far a look is, for whoever waits for it: nothing within the first second. */
export interface Meter {
  /** So many more rows of listings were read. */
  rows(more: number): void;
  /** So many clusters are to be read. */
  clusters(all: number): void;
  /** One of them was. */
  clusterRead(): void;
  /** A line of its own, which stays. */
  say(line: string): void;
  /** It is over, and leaves nothing on the screen. */
  end(): void;
}

/** What time it is, in milliseconds of the monotonic clock, and something that is done again and again. */
export interface MeterClock {
  now(): number;
  /** Gives what ends it. */
  every(ms: number, action: () => void): () => void;
}

const REAL: MeterClock = {
  now: () => performance.now(),
  every(ms, action) {
    const timer = setInterval(action, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** A terminal is told from the first second on, in one line that is written anew; a log now and then, ever more seldom. */
const FIRST_MS = 1_000;
const AGAIN_MS = 200;
const FIRST_IN_LOG_MS = 10_000;

/** Silent where a program reads, or where --quiet asks for it. */
export function createMeter(
  { stderr, env }: Pick<Terminal, "stderr" | "env">,
  { quiet, format }: Pick<CommonOptions, "quiet" | "format">,
  clock: MeterClock = REAL,
): Meter {
  const started = clock.now();
  const silent = quiet === true || format === "json" || format === "openmetrics";
  const rewrites = stderr.isTTY === true && env["TERM"] !== "dumb";
  let rows = 0;
  let read = 0;
  let all = 0;
  let drawn = false;
  let next = started + (rewrites ? FIRST_MS : FIRST_IN_LOG_MS);

  function erase(): void {
    if (drawn) stderr.write("\r\u001b[2K");
    drawn = false;
  }

  function draw(): void {
    const now = clock.now();
    if (now < next || (rows === 0 && all === 0)) return;
    const passed = now - started;
    const line = meterLine({ rows, read, all }, passed / 1000);
    if (rewrites) {
      erase();
      stderr.write(line.slice(0, (stderr.columns ?? 80) - 1));
      drawn = true;
      next = now + AGAIN_MS;
    } else {
      stderr.write(`${line}\n`);
      next = now + passed;
    }
  }

  const stop = silent ? () => {} : clock.every(AGAIN_MS, draw);
  const counted = () => {
    if (!silent) draw();
  };
  return {
    rows(more) {
      rows += more;
      counted();
    },
    clusters(number) {
      all = number;
    },
    clusterRead() {
      read += 1;
      counted();
    },
    say(line) {
      erase();
      stderr.write(`${line}\n`);
    },
    end() {
      stop();
      erase();
    },
  };
}

/** What was counted so far. */
interface Counted {
  readonly rows: number;
  readonly read: number;
  readonly all: number;
}

/** `read 212 of 500 clusters, 21 a second, 14 s left`; of one cluster, the rows of its listings. */
function meterLine({ rows, read, all }: Counted, seconds: number): string {
  const parts: string[] = [];
  if (all > 1) {
    const rate = read / seconds;
    parts.push(`read ${read} of ${all} clusters`);
    if (rate > 0) parts.push(`${spelt(rate)} a second`, `${Math.ceil((all - read) / rate)} s left`);
  } else {
    // Nobody knows how long a listing is before its end.
    parts.push(`read ${spelt(rows)} rows`, `${spelt(rows / seconds)} a second`);
  }
  return `${parts.join(", ")} (${Math.floor(seconds)} s)`;
}

function spelt(number: number): string {
  return number < 10 ? String(Math.round(number * 10) / 10) : Math.round(number).toLocaleString("en");
}
