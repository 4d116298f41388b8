import type { TalosMinor } from "./dialect.ts";
import type { Routes } from "./network.ts";

/** What the executables know of the cluster beforehand; everything else they ask the machines. */
export interface SandboxFile {
  /** Release of talosctl. */
  readonly client: TalosMinor;
  readonly routes: Routes;
  readonly dialTimeoutMs: number;
}

export const SANDBOX_FILE = "talos.json";
