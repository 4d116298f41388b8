import type { ToolResult } from "../emulated-platform.ts";
import type { TctlDialect } from "./rotation-machine.ts";

/** A failed call: newer versions colour the prefix even off a terminal (reference 1.11). */
export function failedCall(dialect: TctlDialect, message: string, before = ""): ToolResult {
  const prefix = dialect === "v5" ? "error: " : "\u001b[31mERROR: \u001b[0m";
  const end = dialect === "v11" ? "\n\n" : "\n";
  return { exit: 1, stdout: "", stderr: `${before}${prefix}${message}${end}` };
}

const ADDRESS = "127.0.0.1:3025";

/** Nobody listens, and whoever listened has hung up before an answer. */
export const REFUSED = `dial tcp ${ADDRESS}: connect: connection refused`;
export const HUNG_UP = "EOF";

/** A call that found no auth server: release 11 says the cause twice, without a prefix or a colour (recorded). */
export function unreachable(dialect: TctlDialect, cause: string): ToolResult {
  if (dialect === "v11") {
    const request = `Get "https://teleport.cluster.local/v2/configuration/name": ${cause}`;
    const stderr =
      "[CLIENT]       Cannot connect to the auth server: failed direct dial to auth server: " +
      `${request}\n\t${request}.\nIs the auth server running on "${ADDRESS}"?\n`;
    return { exit: 1, stdout: "", stderr };
  }
  switch (cause) {
    case REFUSED:
      return failedCall(
        dialect,
        `Cannot connect to the auth server. Is the auth server running on "${ADDRESS}"?`,
      );
    case HUNG_UP:
      return failedCall(dialect, "rpc error: code = Unavailable desc = error reading from server: EOF");
    default:
      return failedCall(
        dialect,
        `failed direct dial to auth server: Get "https://teleport.cluster.local/v2/configuration/name": ${cause}`,
      );
  }
}
