import type { TalosMinor } from "./dialect.ts";
import type { Routes } from "./network.ts";

/** What the executables know of the cluster beforehand; everything else they ask the machines. */
export interface SandboxFile {
  /** Release of talosctl. */
  readonly client: TalosMinor;
  readonly routes: Routes;
  readonly dialTimeoutMs: number;
  /** Every run of an executable is a line of this file, as with a daemon that runs them; absent keeps no log. */
  readonly callLog?: string;
}

export const SANDBOX_FILE = "talos.json";
