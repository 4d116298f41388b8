import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { order } from "./control.ts";
import type { DatabaseLogin, FaultRequest } from "./emulated-platform.ts";
import { foreignEntry, LEAF_TCTL, readInfo, removeFolder, type SandboxInfo } from "./folder.ts";
import { spawnDaemon, type UpOptions } from "./spawn-daemon.ts";
import type { TalosClusterStatus } from "./talos/cluster.ts";
import type { TeleportStatus } from "./teleport/teleport-platform.ts";

/** Where the sandbox lives unless told otherwise. */
export const DEFAULT_SANDBOX_DIR = join(".capstan", "sandbox");

/** Every executable that a sandbox may have written. */
const TOOLS = ["tctl", LEAF_TCTL, "tsh", "desktop-session", "talosctl", "kubectl"];

const STOP_TIMEOUT_MS = 5000;

export interface SandboxStatus {
  readonly info: SandboxInfo;
  readonly clusters: readonly ClusterStatus[];
}

type ClusterStatus = { readonly name: string } & (
  | { readonly platform: "teleport"; readonly status: TeleportStatus }
  | { readonly platform: "talos"; readonly status: TalosClusterStatus }
);

/** Starts the background process and waits until it is ready. `started` is false when it was up already. */
export async function sandboxUp(
  options: UpOptions,
): Promise<{ readonly started: boolean; readonly info: SandboxInfo }> {
  const dir = resolve(options.dir);
  if (
    !("talos" in options) &&
    options.teleport === "5" &&
    (options.hsm === true || (options.agentless ?? []).length > 0)
  ) {
    throw new Failure("usage", "Teleport 5 has neither HSMs nor agentless nodes.");
  }
  const running = readInfo(dir);
  if (running !== null && (await order(running, { operation: "status" })) !== null) {
    return { started: false, info: running };
  }
  // What a killed daemon left behind.
  if (running !== null) await removeFolder(dir, TOOLS);
  const foreign = await foreignEntry(dir);
  if (foreign !== null) {
    throw new Failure("usage", `The sandbox wants a folder of its own; ${dir} holds ${foreign}.`, {
      hint: "name another one with --dir",
    });
  }
  return { started: true, info: await spawnDaemon({ ...options, dir }) };
}

/** Ends the background process and removes its files. `stopped` is false when there was none. */
export async function sandboxDown(directory: string): Promise<{ readonly stopped: boolean }> {
  const dir = resolve(directory);
  const info = readInfo(dir);
  if (info === null) return { stopped: false };
  const answered = (await order(info, { operation: "stop" })) as { readonly pid: number } | null;
  // Only a process that knew the token is ours to end, and not when it is this one.
  if (answered !== null && answered.pid !== process.pid) await ended(answered.pid);
  await removeFolder(dir, TOOLS);
  return { stopped: answered !== null };
}

/** `null` when no sandbox is up in this folder. */
export async function sandboxStatus(directory: string): Promise<SandboxStatus | null> {
  const info = readInfo(resolve(directory));
  if (info === null) return null;
  const answer = (await order(info, { operation: "status" })) as Omit<SandboxStatus, "info"> | null;
  return answer === null ? null : { info, ...answer };
}

/** Starts or ends a fault; gives what happens from now on, in sentences. */
export async function sandboxFault(directory: string, request: FaultRequest): Promise<readonly string[]> {
  const dir = resolve(directory);
  const info = readInfo(dir);
  const answer = info === null ? null : await order(info, { operation: "fault", request });
  if (answer === null) throw notUp(dir);
  return answer as readonly string[];
}

/** What the Database Service would dial a database with now, as this database user. */
export async function sandboxDatabaseLogin(directory: string, user: string): Promise<DatabaseLogin> {
  const dir = resolve(directory);
  const info = readInfo(dir);
  const answer = info === null ? null : await order(info, { operation: "database-login", user });
  if (answer === null) throw notUp(dir);
  return answer as DatabaseLogin;
}

function notUp(dir: string): Failure {
  return new Failure("storage", `No sandbox is up in ${dir}.`, { hint: "`capstan sandbox up` starts one" });
}

async function ended(pid: number): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      process.kill(pid, "SIGKILL");
      return;
    }
    await new Promise((resolvePromise) => setTimeout(resolvePromise, 10));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // In a container nobody may collect it: ended all the same.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
