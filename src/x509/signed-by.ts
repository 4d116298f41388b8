import { type KeyObject, X509Certificate } from "node:crypto";
import { remembered, rememberedByDigest } from "./remembered.ts";

/** Whether a signature verifies with a key. By arithmetic alone: no name, date or usage is looked at. */
export function isSignedBy(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key);
  } catch {
    // A key of another kind than the signature.
    return false;
  }
}

/**
 * The same for PEM; what cannot be read signed nothing, and nobody signed it. A chain is put in order, judged by each
 * rule and drawn: its arithmetic is the same each time.
 */
export const isSignedWithKeyOf = rememberedByDigest(1_000, (child: string, parent: string): boolean => {
  try {
    return isSignedBy(new X509Certificate(child), publicKeyOf(parent));
  } catch {
    return false;
  }
});

const publicKeyOf = remembered(100, (pem) => new X509Certificate(pem).publicKey);
