import type { Flags } from "../flag.ts";
import { TALOS_INIT_FLAGS } from "./talos/init-flags.ts";
import { TELEPORT_INIT_FLAGS } from "./teleport/init-flags.ts";

/** The flags of `capstan init`: which platform, and how a cluster of each is reached. */
export const INIT_FLAGS = {
  platform: { value: "platform", says: "what kind of cluster it is", choices: ["teleport", "talos"] },
  ...TELEPORT_INIT_FLAGS,
  ...TALOS_INIT_FLAGS,
} as const satisfies Flags;

/** What to type for a cluster of each. */
export const INIT_EXAMPLES = ["--tctl tctl --cluster NAME", "--talosconfig FILE"] as const;
