import { type KeyObject, X509Certificate } from "node:crypto";
import { remembered } from "./remembered.ts";

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
  return verified(JSON.stringify([child, parent]));
}

/** A chain is put in order, judged by each rule and drawn: its arithmetic is the same each time. */
const verified = remembered(1_000, (pair): boolean => {
  const [child = "", parent = ""] = JSON.parse(pair) as readonly string[];
  try {
    return isSignedBy(new X509Certificate(child), publicKeyOf(parent));
  } catch {
    return false;
  }
});

const publicKeyOf = remembered(100, (pem) => new X509Certificate(pem).publicKey);
