import type { Flags } from "../../flag.ts";

/** The flags of `capstan init` that say how a Talos cluster is reached. */
export const TALOS_INIT_FLAGS = {
  talosconfig: {
    value: "file",
    says: "talosconfig of a Talos cluster, whose machines are then written down",
  },
  context: { value: "name", says: "its context; without it the current one" },
  talosctl: { value: "command", says: "the talosctl to ask, when there is no cluster resource yet" },
} as const satisfies Flags;
