import type { ToolResult } from "../emulated-platform.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { Invocation } from "./command-line.ts";

/** Where a call comes from, and what it may say beside its result. */
export interface CallContext {
  /** Where relative file names start. */
  readonly cwd: string;
  readonly stdin: string;
  /** A line for standard error; the call succeeds all the same. */
  warn(line: string): void;
}

/** One command of `tctl`. Gives what it prints. */
export type TctlCommand = (
  cluster: TeleportCluster,
  invocation: Invocation,
  call: CallContext,
) => Promise<ToolResult["stdout"]>;

/** What the server or the tool refuses, in its own words. */
export class TctlRefusal extends Error {
  /** Whether a release that shows how a command is used shows it before this error. */
  readonly showsUsage: boolean;

  constructor(message: string, { showsUsage }: { readonly showsUsage: boolean } = { showsUsage: false }) {
    super(message);
    this.showsUsage = showsUsage;
  }
}
