import type { ToolResult } from "../platform.ts";
import type { Dialect } from "./rotation.ts";
import { failure } from "./tctl.ts";

const ADDRESS = "127.0.0.1:3025";

/** Nobody listens, and whoever listened has hung up before an answer. */
export const REFUSED = `dial tcp ${ADDRESS}: connect: connection refused`;
export const HUNG_UP = "EOF";

/** A call that found no auth server: release 11 says the cause twice, without a prefix or a colour (recorded). */
export function unreachable(dialect: Dialect, cause: string): ToolResult {
  if (dialect === "v11") {
    const request = `Get "https://teleport.cluster.local/v2/configuration/name": ${cause}`;
    const stderr =
      "[CLIENT]       Cannot connect to the auth server: failed direct dial to auth server: " +
      `${request}\n\t${request}.\nIs the auth server running on "${ADDRESS}"?\n`;
    return { exit: 1, stdout: "", stderr };
  }
  return failure(
    dialect,
    cause === HUNG_UP
      ? "rpc error: code = Unavailable desc = error reading from server: EOF"
      : `Cannot connect to the auth server. Is the auth server running on "${ADDRESS}"?`,
  );
}
