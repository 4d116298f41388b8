import type { PlatformProfile } from "./profile/profile.ts";
import { TALOS } from "./talos/profile.ts";
import { TELEPORT } from "./teleport/profile.ts";

/** Every platform that capstan knows, by the name in `spec.platform`. A new one is a line here. */
export const PROFILES = { teleport: TELEPORT, talos: TALOS } as const satisfies Record<
  string,
  PlatformProfile
>;

/** The profile of that name, `undefined` where there is none. */
export function profileNamed(name: string): PlatformProfile | undefined {
  return Object.values<PlatformProfile>(PROFILES).find((profile) => profile.name === name);
}

/** The profile of a platform whose name was checked when it was read; throws for another name, which is a fault. */
export function profileOf(name: string): PlatformProfile {
  const profile = profileNamed(name);
  if (profile === undefined) throw new Error(`no platform is called ${name}`);
  return profile;
}
