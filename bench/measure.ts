import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A command whose output nobody reads. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Before each run, and not measured: what has to be as it was. */
  readonly prepare?: () => Promise<void>;
}

/** What one command cost, with all processes that it waited for. */
export interface Cost {
  readonly wallMs: number;
  /** User and system time. */
  readonly cpuMs: number;
  /** Of the largest of its processes. */
  readonly peakBytes: number;
}

/**
 * Runs the commands in turn, so that whatever else the machine does hits all of them, and gives the least that each cost:
 * what disturbs only ever adds. For commands of seconds: clocks here count hundredths of them.
 */
export async function inTurn<Side extends string>(
  commands: Readonly<Record<Side, Command>>,
  runs: number,
): Promise<Readonly<Record<Side, Cost>>> {
  return await rounds(commands, runs, once);
}

/** The same for commands of milliseconds, of each of which `hyperfine` makes several runs at a time. */
export async function inTurnOften<Side extends string>(
  commands: Readonly<Record<Side, Command>>,
  runs: number,
): Promise<Readonly<Record<Side, Cost>>> {
  return await rounds(commands, runs, several);
}

async function rounds<Side extends string>(
  commands: Readonly<Record<Side, Command>>,
  runs: number,
  measured: (command: Command) => Promise<Cost>,
): Promise<Readonly<Record<Side, Cost>>> {
  const sides = Object.entries<Command>(commands) as [Side, Command][];
  const least = new Map<Side, Cost>();
  for (let round = 0; round < runs; round += 1) {
    for (const [side, command] of sides) {
      const cost = await measured(command);
      const known = least.get(side) ?? cost;
      least.set(side, {
        wallMs: Math.min(known.wallMs, cost.wallMs),
        cpuMs: Math.min(known.cpuMs, cost.cpuMs),
        peakBytes: Math.min(known.peakBytes, cost.peakBytes),
      });
    }
  }
  return Object.fromEntries(least) as Record<Side, Cost>;
}

/** One run under GNU time, which counts what the kernel tells of a process that has ended. */
async function once(command: Command): Promise<Cost> {
  await command.prepare?.();
  const [line = ""] = (await timed(command)).trim().split("\n").slice(-1);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = line.split(" ").map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, peakBytes: kilobytes * 1024 };
}

async function several(command: Command): Promise<Cost> {
  const { peakBytes } = await once(command);
  const folder = await mkdtemp(join(tmpdir(), "capstan-bench-"));
  const file = join(folder, "times.json");
  try {
    const shown = command.argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const flags = ["--shell=none", "--ignore-failure", "--warmup=1", "--runs=8", "--style=none"];
    await run("hyperfine", [...flags, "--export-json", file, shown], placeOf(command));
    const [found] = JSON.parse(await readFile(file, "utf8")).results;
    return { wallMs: found.min * 1000, cpuMs: (found.user + found.system) * 1000, peakBytes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function timed(command: Command): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "capstan-bench-"));
  const file = join(folder, "time");
  try {
    await run("/usr/bin/time", ["--quiet", "-f", "%e %U %S %M", "-o", file, ...command.argv], {
      ...placeOf(command),
      maxBuffer: 2 ** 30,
    }).catch((error: { readonly code?: unknown; readonly stderr?: string }) => {
      // 2 and 3 are answers of `capstan plan`.
      if (error.code !== 2 && error.code !== 3)
        throw new Error(`${command.argv.join(" ")}: ${error.stderr ?? error}`, { cause: error });
    });
    return await readFile(file, "utf8");
  } finally {
    await rm(folder, { recursive: true });
  }
}

function placeOf({ cwd, env }: Command) {
  return { ...(cwd === undefined ? {} : { cwd }), env: { ...process.env, ...env } };
}
