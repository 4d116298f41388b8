import { keysByRole } from "./key-sets.ts";
import { identify, type LiveAuthority } from "./observation.ts";
import type { Pins } from "./pins.ts";

/** The pins of a host CA as it is now. */
export function livePins(authority: LiveAuthority, retire: Parameters<typeof keysByRole>[1]): Pins {
  const roles = keysByRole(authority, retire);
  return { old: identify(roles.old), new: identify(roles.new) };
}
