import { uptime } from "node:os";

/**
 * Three clocks, as none of them alone can be believed in. The wall clock is set by people and by NTP. The monotonic
 * one (CLOCK_MONOTONIC, which Node's timers and `performance` use) stands still while a machine is suspended. The
 * boot clock counts that: `os.uptime()` is /proc/uptime or CLOCK_BOOTTIME on Linux, and the time since
 * `kern.boottime` on macOS (libuv, uv_uptime).
 */
export interface Clocks {
  /** Milliseconds since the epoch. */
  wall(): number;
  /** Milliseconds since the machine was started. */
  boot(): number;
  /** Milliseconds since some moment. */
  monotonic(): number;
}

/** What the clocks showed at one moment. */
export type ClockReading = Readonly<Record<keyof Clocks, number>>;

/** The clocks of this machine, around a wall clock that is given. */
export function clocksAround(wall: () => number): Clocks {
  return { wall, boot: () => uptime() * 1000, monotonic: () => performance.now() };
}

/** All of them at one moment. */
export function readClocks(clocks: Clocks): ClockReading {
  return { wall: clocks.wall(), boot: clocks.boot(), monotonic: clocks.monotonic() };
}

const NAMES = ["wall", "boot", "monotonic"] as const satisfies readonly (keyof Clocks)[];

/** NTP may move a clock back by less than this without a word. */
const TREMOR_MS = 1000;

/**
 * Why what began at `since` and lasts `ms` is over by the first of the clocks, in words; `null` while it is not by
 * any of them. `seen` is the latest reading before: a clock that went back since cannot tell how long it was.
 */
export function overBy(
  now: ClockReading,
  since: ClockReading,
  seen: ClockReading,
  ms: number,
): string | null {
  for (const name of NAMES) {
    if (!Number.isFinite(now[name])) return `the ${name} clock cannot be read`;
    if (now[name] < seen[name] - TREMOR_MS || now[name] < since[name] - TREMOR_MS) {
      return `the ${name} clock went back by ${seconds(seen[name] - now[name])}`;
    }
    if (now[name] - since[name] >= ms) {
      return `it could not be renewed for ${seconds(now[name] - since[name])}, by the ${name} clock`;
    }
  }
  return null;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
