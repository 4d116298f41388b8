import type { ToolResult } from "../platform.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { Invocation } from "./command-line.ts";

/** One command of `tctl`; `cwd` is where relative file names start. Gives what it prints. */
export type Command = (
  cluster: TeleportCluster,
  invocation: Invocation,
  cwd: string,
) => Promise<ToolResult["stdout"]>;

/** What the server or the tool refuses, in its own words. */
export class TctlError extends Error {}
