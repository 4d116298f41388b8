import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { toPem } from "./pem.ts";

/**
 * By label and content of the PEM block. The first is what Talos writes and reads (reference talos-rotation
 * 7).
 */
const FORMS = {
  ed25519: { label: "ED25519 PRIVATE KEY", type: "pkcs8" },
  sec1: { label: "EC PRIVATE KEY", type: "sec1" },
  pkcs8: { label: "PRIVATE KEY", type: "pkcs8" },
} as const;

/** How a private key is written; `sec1` is for keys on a curve of NIST only. */
export type KeyForm = keyof typeof FORMS;

/** The key as PEM, in the clear. */
export function privateKeyPem(key: KeyObject, form: KeyForm): string {
  const { label, type } = FORMS[form];
  return toPem(label, key.export({ type, format: "der" }));
}

/** Reads PEM of any of these forms, and what else OpenSSL knows. Throws when it is no private key. */
export function readPrivateKey(pem: string): KeyObject {
  // OpenSSL does not know the label of Talos, which has PKCS #8 below it.
  return createPrivateKey(pem.replaceAll(FORMS.ed25519.label, FORMS.pkcs8.label));
}

/** Whether a key is that of a certificate, both PEM; `false` also where one of them cannot be read. */
export function isKeyOf(key: string, certificate: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(readPrivateKey(key));
  } catch {
    return false;
  }
}
