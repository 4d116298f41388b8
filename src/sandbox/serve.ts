import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, link, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { DaemonServer } from "./daemon-server.ts";
import type { EmulatedPlatform } from "./emulated-platform.ts";
import { entry } from "./entry.ts";
import { executableScript } from "./executable-script.ts";
import { BIN_FOLDER, CALL_LOG, type SandboxInfo } from "./folder.ts";
import { INFO_FILE } from "./wire.ts";

/** How often the daemon looks whether its folder is still there. */
const FOLDER_CHECK_MS = 250;

export interface Served {
  readonly info: SandboxInfo;
  stop(): Promise<void>;
}

/**
 * Opens the daemon's port for running platforms, and writes the folder by which they are found. `onEnd` is called
 * when it was told to stop, or its folder has gone.
 */
export async function serve(
  {
    dir,
    speed,
    platforms,
  }: { readonly dir: string; readonly speed: number; readonly platforms: readonly EmulatedPlatform[] },
  onEnd: () => void,
): Promise<Served> {
  const token = randomBytes(24).toString("hex");
  let ended = false;
  let watch: NodeJS.Timeout | undefined;
  const stop = async () => {
    if (ended) return;
    ended = true;
    clearInterval(watch);
    await Promise.all(platforms.map((platform) => platform.stop()));
    await server.close();
    onEnd();
  };
  const callLog = join(dir, CALL_LOG);
  const server = await DaemonServer.listen({ token, platforms, callLog, onStop: () => void stop() });
  const info: SandboxInfo = {
    format_version: "1.0",
    dir,
    pid: process.pid,
    port: server.port,
    token,
    speed,
    started_at: new Date().toISOString(),
    clusters: platforms.map((platform) => ({
      name: platform.cluster,
      platform: platform.platform,
      versions: platform.versions,
      spec: platform.connection(join(dir, BIN_FOLDER)),
    })),
  };
  try {
    await writeFolder(info, platforms);
  } catch (error) {
    await stop();
    throw error;
  }
  // Not before the folder is written: on a busy machine that takes longer than the first look.
  watch = setInterval(() => {
    if (!ownsFolder(dir, token)) void stop();
  }, FOLDER_CHECK_MS);
  watch.unref();
  return { info, stop };
}

async function writeFolder(info: SandboxInfo, platforms: readonly EmulatedPlatform[]): Promise<void> {
  const bin = join(info.dir, BIN_FOLDER);
  await mkdir(bin, { recursive: true });
  for (const tool of platforms.flatMap((platform) => platform.tools)) {
    await writeFile(join(bin, tool), script(info.dir, tool));
    await chmod(join(bin, tool), 0o755);
  }
  // Linked into place, which fails where another daemon has done so: whoever reads it finds all of it.
  const draft = join(info.dir, `.${INFO_FILE}.${process.pid}`);
  try {
    await writeFile(draft, `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 });
    await link(draft, join(info.dir, INFO_FILE));
  } catch (error) {
    throw new Failure("storage", `The sandbox cannot write ${join(info.dir, INFO_FILE)}.`, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
  await writeFile(join(info.dir, CALL_LOG), "");
}

function script(folder: string, tool: string): string {
  const inNode = [process.execPath, entry("tctl-shim"), folder, tool];
  // The command line of `tsh` is completed from its environment.
  return executableScript({ folder, tool, inNode, quick: tool !== "tsh" });
}

function ownsFolder(dir: string, token: string): boolean {
  const file = join(dir, INFO_FILE);
  try {
    return existsSync(file) && readFileSync(file, "utf8").includes(token);
  } catch {
    return false;
  }
}
