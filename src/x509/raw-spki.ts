import { X509Certificate } from "./library.ts";

/**
 * The SubjectPublicKeyInfo of a certificate, as its bytes stand in it. Imported by nothing that runs in the
 * usual case.
 */
export function rawSpki(der: Uint8Array): Uint8Array {
  return new Uint8Array(new X509Certificate(new Uint8Array(der)).publicKey.rawData);
}
