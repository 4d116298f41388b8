import type { PlatformProfile } from "./profile/profile.ts";
import { TALOS } from "./talos/profile.ts";
import { TELEPORT } from "./teleport/profile.ts";

/** Every platform that capstan knows, by the name in `spec.platform`. A new one is a line here. */
export const PROFILES = { teleport: TELEPORT, talos: TALOS } as const satisfies Record<
  string,
  PlatformProfile
>;

/** The name of a platform that there is. */
export type PlatformName = keyof typeof PROFILES;

/** The profile of that name, `undefined` where there is none. */
export function profileNamed(name: string): PlatformProfile | undefined {
  return Object.values<PlatformProfile>(PROFILES).find((profile) => profile.name === name);
}

/** The name of a platform that was checked when it was read; throws for another one, which is a fault. */
export function platformName(name: string): PlatformName {
  for (const known of Object.keys(PROFILES) as PlatformName[]) if (known === name) return known;
  throw new Error(`no platform is called ${name}`);
}

/** The profile of that name; throws as `platformName` does. */
export function profileOf(name: string): PlatformProfile {
  return PROFILES[platformName(name)];
}
