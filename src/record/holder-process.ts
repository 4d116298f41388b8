import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * Where a process runs and since when, so that another process can tell whether it still does. A number alone tells
 * nothing: containers on one host share its name and count their processes each for itself (pid_namespaces(7)), and
 * numbers are used again.
 */
export interface HolderProcess {
  /** Host, boot and namespaces: only where all are the same, a process can be looked for. `null`: cannot be known. */
  readonly place: string | null;
  /** Clock ticks after boot, field 22 of /proc/PID/stat (proc_pid_stat(5)); `null`: cannot be known. */
  readonly started: string | null;
}

/** Whether a process still runs; `unknown`: it cannot be seen from here. */
export type Life = "alive" | "dead" | "unknown";

/** By what others can tell whether this process still runs. */
export async function thisProcess(): Promise<HolderProcess> {
  // Without /proc (macOS), or with one of another namespace, whose numbers are not those that we know.
  const self = await quietly(readlink("/proc/self"));
  if (self !== String(process.pid)) return { place: null, started: null };
  const [boot, pids, times, status] = await Promise.all([
    quietly(readFile("/proc/sys/kernel/random/boot_id", "utf8")),
    quietly(readlink("/proc/self/ns/pid")),
    quietly(readlink("/proc/self/ns/time")),
    statusOf(process.pid),
  ]);
  if (boot === null || pids === null || status === null) return { place: null, started: null };
  return { place: [hostname(), boot.trim(), pids, times ?? ""].join(" "), started: status.started };
}

/** Whether a process that wrote a lock still runs, as far as this one can see. */
export async function lifeOf(holder: HolderProcess & { readonly pid: number }): Promise<Life> {
  const here = await thisProcess();
  if (here.place === null || holder.place !== here.place || holder.started === null) return "unknown";
  if (!exists(holder.pid)) return "dead";
  const status = await statusOf(holder.pid);
  // /proc may hide the processes of other users (hidepid): it exists, and that is all that is known.
  if (status === null) return exists(holder.pid) ? "alive" : "dead";
  if (status.started !== holder.started) return "dead";
  return status.state === "Z" || status.state === "X" ? "dead" : "alive";
}

/** Whether there is a process of this number, in this namespace. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

async function statusOf(pid: number): Promise<{ readonly state: string; readonly started: string } | null> {
  const text = await quietly(readFile(`/proc/${pid}/stat`, "utf8"));
  if (text === null) return null;
  // The second field is the name of the program, which may hold spaces and brackets itself.
  const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const started = fields[18];
  return state === undefined || started === undefined ? null : { state, started };
}

async function quietly(answer: Promise<string>): Promise<string | null> {
  return await answer.catch(() => null);
}
