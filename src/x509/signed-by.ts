import { type KeyObject, X509Certificate } from "node:crypto";

/** Whether a signature verifies with a key. By arithmetic alone: no name, date or usage is looked at. */
export function isSignedBy(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key);
  } catch {
    // A key of another kind than the signature.
    return false;
  }
}

/** The same for PEM; what cannot be read signed nothing, and nobody signed it. */
export function isSignedWithKeyOf(child: string, parent: string): boolean {
  try {
    return isSignedBy(new X509Certificate(child), new X509Certificate(parent).publicKey);
  } catch {
    return false;
  }
}
