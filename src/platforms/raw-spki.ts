// Before the other, which needs it and does not bring it. Imported by nothing that runs in the usual case.
import "reflect-metadata";
import { X509Certificate } from "@peculiar/x509";

/** The SubjectPublicKeyInfo of a certificate, as its bytes stand in it. */
export function rawSpki(der: Uint8Array): Uint8Array {
  return new Uint8Array(new X509Certificate(new Uint8Array(der)).publicKey.rawData);
}
