import { readFileSync } from "node:fs";
import { readdir, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ConnectionSpec } from "./emulated-platform.ts";
import { INFO_FILE } from "./wire.ts";

/** `sandbox.json`: how to find the daemon, and the clusters that it plays. */
export interface SandboxInfo {
  readonly format_version: "1.0";
  readonly dir: string;
  readonly pid: number;
  /** Loopback port of the daemon. */
  readonly port: number;
  readonly token: string;
  readonly speed: number;
  readonly started_at: string;
  readonly clusters: readonly SandboxCluster[];
}

export interface SandboxCluster {
  readonly name: string;
  readonly platform: "teleport" | "talos";
  readonly versions: Readonly<Record<string, string>>;
  /** The `spec` of a ready `cluster` resource. */
  readonly spec: ConnectionSpec;
}

/** The `tctl` of the leaf cluster, beside the one of the root. */
export const LEAF_TCTL = "tctl-leaf";

export const BIN_FOLDER = "bin";
export const CALL_LOG = "calls.jsonl";
export const DAEMON_LOG = "daemon.log";
/** The audit log of a Teleport cluster, JSON Lines. */
export const AUDIT_LOG = "events.log";
/** Opens the keys that a Talos cluster's rotation seals. */
export const IDENTITY_FILE = "age-identity.txt";

/** Everything that a sandbox writes: `down` removes this and nothing else. */
const OWN_FILES = [
  INFO_FILE,
  CALL_LOG,
  DAEMON_LOG,
  AUDIT_LOG,
  IDENTITY_FILE,
  "talos.json",
  "talosconfig",
  "talosconfig-reader",
  "secrets.yaml",
];

const OWN_FOLDERS = [BIN_FOLDER];

/** `null` when no sandbox was brought up here, or what is there cannot be read. */
export function readInfo(dir: string): SandboxInfo | null {
  try {
    return JSON.parse(readFileSync(join(dir, INFO_FILE), "utf8"));
  } catch {
    return null;
  }
}

/** Something in the folder that no sandbox wrote, `null` when there is nothing. */
export async function foreignEntry(dir: string): Promise<string | null> {
  const entries = await readdir(dir).catch(() => []);
  return entries.find((name) => !OWN_FOLDERS.includes(name) && !OWN_FILES.includes(name)) ?? null;
}

/** Removes the files of a sandbox, and the folders that are empty then; somebody else's files stay. */
export async function removeFolder(dir: string, tools: readonly string[]): Promise<void> {
  for (const file of [...OWN_FILES, ...tools.map((tool) => join(BIN_FOLDER, tool))]) {
    await rm(join(dir, file), { force: true });
  }
  for (const folder of [...OWN_FOLDERS.map((name) => join(dir, name)), dir, dirname(dir)]) {
    // The parent only where it is our own `.capstan` and holds nothing else.
    if (folder === dirname(dir) && basename(folder) !== ".capstan") continue;
    const entries = await readdir(folder).catch(() => null);
    if (entries?.length === 0) await rmdir(folder).catch(() => {});
  }
}
