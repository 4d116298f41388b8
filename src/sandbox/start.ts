import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, link, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { Clock } from "./clock.ts";
import { DaemonServer } from "./daemon-server.ts";
import { entry } from "./entry.ts";
import { BIN_FOLDER, CALL_LOG, type SandboxInfo } from "./folder.ts";
import type { EmulatedPlatform } from "./platform.ts";
import type { ClusterOptions } from "./teleport/cluster.ts";
import type { Release } from "./teleport/release.ts";
import { TeleportPlatform } from "./teleport/teleport-platform.ts";
import { TrustLink } from "./teleport/trust-link.ts";
import { INFO_FILE } from "./wire.ts";

export interface SandboxOptions {
  readonly dir: string;
  /** Which Teleport to be: its output shapes, texts and quirks. */
  readonly teleport?: Release;
  /** Every lag of the real thing is divided by this. */
  readonly speed?: number;
  readonly nodes?: number;
  readonly authServers?: number;
  /** Every auth server holds keys of its own, in an HSM. */
  readonly hsm?: boolean;
  /** Addresses of OpenSSH servers without an agent, `HOST:PORT`. */
  readonly agentless?: readonly string[];
  /** What a JSON listing of nothing is. */
  readonly emptyListing?: ClusterOptions["emptyListing"];
  /** A second cluster that trusts the first. */
  readonly leaf?: boolean;
  /** Repeats the lags of an earlier run. */
  readonly seed?: number;
}

export interface RunningSandbox {
  readonly info: SandboxInfo;
  readonly teleport: TeleportPlatform;
  stop(): Promise<void>;
}

const LEAF = { name: "leaf.acme.cluster", place: "leaf", nodes: 2 } as const;

/** How often the daemon looks whether its folder is still there. */
const FOLDER_CHECK_MS = 250;

/**
 * Brings a sandbox up inside this process: the daemon does this and little else, and tests do it too.
 * `onEnd` is called when it was told to stop, or its folder has gone.
 */
export async function startSandbox(
  options: SandboxOptions & { readonly clock?: Clock; readonly endpoints?: number },
  onEnd: () => void = () => {},
): Promise<RunningSandbox> {
  const dir = resolve(options.dir);
  const {
    teleport: release = "18",
    speed = 1,
    nodes = 4,
    seed,
    clock,
    endpoints,
    leaf: hasLeaf = false,
    authServers = 1,
    hsm = false,
    agentless = [],
    emptyListing = "[]",
  } = options;
  const common = {
    release,
    emptyListing,
    speed,
    ...(seed === undefined ? {} : { seed }),
    ...(clock === undefined ? {} : { clock }),
    ...(endpoints === undefined ? {} : { endpoints }),
  };
  const place = hasLeaf ? "root" : "alone";
  const teleport = await TeleportPlatform.start({
    ...common,
    ...{ nodes, place, authServers, hsm, agentless },
  });
  const platforms: EmulatedPlatform[] = [teleport];
  if (hasLeaf) {
    const leaf = await TeleportPlatform.start({ ...common, ...LEAF });
    new TrustLink(teleport.world, leaf.world);
    platforms.push(leaf);
  }
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
  // Only now is there a folder to own: on a busy machine writing it takes longer than one look.
  watch = setInterval(() => {
    if (!ownsFolder(dir, token)) void stop();
  }, FOLDER_CHECK_MS);
  watch.unref();
  return { info, teleport, stop };
}

async function writeFolder(info: SandboxInfo, platforms: readonly EmulatedPlatform[]): Promise<void> {
  const bin = join(info.dir, BIN_FOLDER);
  await mkdir(bin, { recursive: true });
  for (const tool of platforms.flatMap((platform) => platform.tools)) {
    await writeFile(join(bin, tool), wrapper(info.dir, tool));
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

/** Starts Node without a shell's PATH or the caller's Node options, whatever is in the folder's name. */
function wrapper(dir: string, tool: string): string {
  const shim = entry("tctl-shim");
  const words = [process.execPath, shim, dir, tool].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return `#!/bin/sh\nNODE_OPTIONS= exec ${words.join(" ")} "$@"\n`;
}

function ownsFolder(dir: string, token: string): boolean {
  const file = join(dir, INFO_FILE);
  try {
    return existsSync(file) && readFileSync(file, "utf8").includes(token);
  } catch {
    return false;
  }
}
