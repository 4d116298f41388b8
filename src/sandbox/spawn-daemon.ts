import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join, parse } from "node:path";
import { Failure } from "../failure.ts";
import { makeFolder } from "../process/made-folder.ts";
import { entry } from "./entry.ts";
import { DAEMON_LOG, type SandboxInfo } from "./folder.ts";
import type { SandboxOptions } from "./start-teleport.ts";
import type { TalosSandboxOptions } from "./talos/talos-options.ts";

/** Which platform is played, and how. */
export type UpOptions = SandboxOptions | TalosSandboxOptions;

/** Starts the background process of a sandbox; gives what it wrote of itself when it was ready. */
export async function spawnDaemon(options: UpOptions): Promise<SandboxInfo> {
  await makeFolder(options.dir);
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
