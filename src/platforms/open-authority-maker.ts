import { type PlatformName, platformName } from "../profiles.ts";
import type { AuthorityMaker } from "./authority-maker.ts";

type Load = () => Promise<AuthorityMaker>;

/** Loaded when it is asked for: it makes certificates. */
const MAKERS: Readonly<Record<PlatformName, Load | null>> = {
  teleport: null,
  talos: async () => (await import("./talos/talos-authority-maker.ts")).TALOS_AUTHORITY_MAKER,
};

/** `null` where the clusters of a platform make their CAs themselves. */
export async function authorityMakerOf(platform: string): Promise<AuthorityMaker | null> {
  return (await MAKERS[platformName(platform)]?.()) ?? null;
}
