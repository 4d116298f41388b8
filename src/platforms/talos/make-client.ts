import type { ClientProfile, Signing } from "./client-certificate.ts";

/** A client certificate of its own. The library that signs is loaded when one is made, as most commands make none. */
export async function makeClient(
  signing: Signing,
  profile: ClientProfile,
): Promise<{ readonly crt: string; readonly key: string }> {
  const { signClient } = await import("./client-certificate.ts");
  return await signClient(signing, profile);
}
