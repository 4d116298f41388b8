import { createPrivateKey, X509Certificate } from "node:crypto";
import { Failure } from "../failure.ts";
import type { NextAuthority } from "../resources/model/desired.ts";
import type { Identities } from "./identities.ts";
import { unseal } from "./seal.ts";

/** The key of a next CA in the clear, proven to be that of its certificate. */
export async function openNextKey(
  identities: Identities,
  { certificate, key }: NextAuthority,
  type: string,
): Promise<string> {
  const what = `the next key of ${type}`;
  const opened = await unseal(identities, key, what);
  if (!isKeyOf(opened, certificate))
    throw new Failure("resources", `${what} is not the key of its certificate`, {
      hint: "certificate and key of `next` come from two different CAs: take both back from git, or start again",
    });
  return opened;
}

/** OpenSSL does not know the label that Talos gives to Ed25519 keys, which are PKCS #8 below it. */
export function isKeyOf(key: string, certificate: string): boolean {
  try {
    const readable = key.replaceAll("ED25519 PRIVATE KEY", "PRIVATE KEY");
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(readable));
  } catch {
    return false;
  }
}
