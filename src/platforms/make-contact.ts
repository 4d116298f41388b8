import { type PlatformName, platformName } from "../profiles.ts";
import type { ContactFlags, FirstContact } from "./first-contact.ts";
import { TALOS_CONTACT } from "./talos/talos-first-contact.ts";
import { TELEPORT_CONTACT } from "./teleport/teleport-first-contact.ts";

/** Where flags of several platforms are given, the one that is asked first is meant. */
const CONTACTS: Readonly<Record<PlatformName, FirstContact>> = {
  talos: TALOS_CONTACT,
  teleport: TELEPORT_CONTACT,
};

/** First contact with a cluster of that platform. */
export function contactOf(platform: string): FirstContact {
  return CONTACTS[platformName(platform)];
}

/** First contact with the cluster that the flags are about; `null` where they are about none. */
export function contactMeant(flags: Omit<ContactFlags, "cluster">): FirstContact | null {
  return Object.values(CONTACTS).find((contact) => contact.isMeant(flags)) ?? null;
}
