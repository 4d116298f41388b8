import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/** Where something was measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly commit: string;
  /** Of the minute before: how many others wanted the processor. */
  readonly load: number;
}

/** This one. */
export function thisMachine(): Machine {
  const commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { cwd: import.meta.dirname });
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    commit: commit.toString().trim(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
