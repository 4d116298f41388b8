import type { Flags } from "../../flag.ts";

/** The flags of `capstan init` that say how a Teleport cluster is reached. */
export const TELEPORT_INIT_FLAGS = {
  tctl: { value: "command", says: 'the tctl to ask, with its arguments: "tctl -c FILE"' },
  authServer: { value: "host:port", says: "proxy or auth server, for --identity-file" },
  identityFile: { value: "file", says: "identity file for tctl" },
} as const satisfies Flags;
