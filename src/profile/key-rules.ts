import type { LiveAuthority, Versions } from "../rotation/observation.ts";
import type { Edge } from "../rotation/phase.ts";

/** What holds between the keys to be retired and the live ones once an edge has been taken. */
export type KeyState = "old-signs-new-trusted" | "new-signs-old-trusted" | "old-gone" | "old-alone";

/** Which of its keys a rotation loses when rollback is left. */
export type EndOfRollback = "new-key-goes" | "old-key-goes" | "unclear";

/** What a platform does to the keys of a CA in a rotation. */
export interface KeyRules {
  after(edge: Edge): KeyState;
  /**
   * How a rollback out of the live phase will end, by what this platform and version is known to do. Once in rollback
   * the key sets tell, and nobody asks.
   */
  endOfRollback(live: LiveAuthority, versions: Versions): EndOfRollback;
  /** New keys come one after the other as long as the phase is init. */
  growsInInit(live: Pick<LiveAuthority, "active" | "trusted">): boolean;
}

/** On most platforms: the new key signs from update_clients on. */
export function usualKeysAfter({ from, to }: Edge): KeyState {
  switch (to) {
    case "init":
    case "rollback":
      return "old-signs-new-trusted";
    case "update_clients":
    case "update_servers":
      return "new-signs-old-trusted";
    case "standby":
      return from === "rollback" ? "old-alone" : "old-gone";
  }
}
