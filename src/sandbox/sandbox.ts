import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, open, readFile } from "node:fs/promises";
import { join, parse, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { order } from "./control.ts";
import type { DatabaseLogin, FaultRequest } from "./emulated-platform.ts";
import { entry } from "./entry.ts";
import { DAEMON_LOG, foreignEntry, LEAF_TCTL, readInfo, removeFolder, type SandboxInfo } from "./folder.ts";
import type { SandboxOptions } from "./start-teleport.ts";
import type { TalosClusterStatus } from "./talos/cluster.ts";
import type { TalosSandboxOptions } from "./talos/talos-options.ts";
import type { TeleportStatus } from "./teleport/teleport-platform.ts";

/** Where the sandbox lives unless told otherwise. */
export const DEFAULT_SANDBOX_DIR = join(".capstan", "sandbox");

/** Every executable that a sandbox may have written. */
const TOOLS = ["tctl", LEAF_TCTL, "tsh", "talosctl", "kubectl"];

const STOP_TIMEOUT_MS = 5000;

/** Which platform is played, and how. */
export type UpOptions = SandboxOptions | TalosSandboxOptions;

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
      hint: "Name another one with --dir.",
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
  return new Failure("storage", `No sandbox is up in ${dir}.`, { hint: "Start one: capstan sandbox up" });
}

async function spawnDaemon(options: UpOptions): Promise<SandboxInfo> {
  await mkdir(options.dir, { recursive: true });
  const logFile = join(options.dir, DAEMON_LOG);
  const log = await open(logFile, "w");
  const { NODE_OPTIONS: _inherited, ...env } = process.env;
  const child = spawn(process.execPath, [entry("daemon"), JSON.stringify(options)], {
    cwd: parse(options.dir).root,
    detached: true,
    env,
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  try {
    return await new Promise<SandboxInfo>((resolvePromise, reject) => {
      child.once("error", reject);
      child.once("message", (message: { ready?: SandboxInfo; problem?: string }) => {
        if (message.ready !== undefined) resolvePromise(message.ready);
        else reject(new Failure("storage", message.problem ?? "The sandbox did not start."));
      });
      child.once("exit", async (code) => {
        const words = await readFile(logFile, "utf8").catch(() => "");
        reject(new Failure("storage", `The sandbox ended at once (exit ${code}). ${words.trim()}`.trim()));
      });
    });
  } finally {
    await log.close();
    child.removeAllListeners();
    if (child.connected) child.disconnect();
    child.unref();
  }
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
