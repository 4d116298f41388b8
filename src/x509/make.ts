import type { AuthorityProfile, ClientProfile, Signing } from "./what-is-made.ts";

/** Makes a self-signed CA. `now` is the present; it begins a little before. */
export async function makeAuthority(profile: AuthorityProfile, now: Date): Promise<Signing> {
  // Most commands make no certificate, and the library that signs them is slow to load.
  const { signAuthority } = await import("./issue.ts");
  return await signAuthority(profile, now);
}

/**
 * A client certificate with a key of its own, both PEM, valid for a year. Throws where the CA's key cannot be
 * read.
 */
export async function makeClient(
  signing: Signing,
  profile: ClientProfile,
): Promise<{ readonly crt: string; readonly key: string }> {
  const { signClient } = await import("./issue.ts");
  return await signClient(signing, profile);
}
