import type { KeyForm } from "./private-key.ts";

/** What a new root is like. */
export interface AuthorityProfile {
  /** All of its name: `O=…`. Old and new CA have the same. */
  readonly organization: string;
  readonly keys: "ed25519" | "ec";
  /** How its key is written. */
  readonly form: KeyForm;
  readonly validForMs: number;
}

/** A CA with its key, as PEM. Only ever in memory. */
export interface Signing {
  readonly certificate: string;
  readonly key: string;
}

/** Makes a self-signed CA. `now` is the present; it begins a little before. */
export async function makeAuthority(profile: AuthorityProfile, now: Date): Promise<Signing> {
  // Most commands make no certificate, and the library that signs them is slow to load.
  const { signAuthority } = await import("./issue.ts");
  return await signAuthority(profile, now);
}

/** What a client certificate says of its holder. */
export interface ClientProfile {
  readonly organization: string;
  readonly commonName?: string;
  /** The present; the certificate begins a little before. */
  readonly now: Date;
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
