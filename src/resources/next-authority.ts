import { createHash, X509Certificate } from "node:crypto";
import type { Fingerprint } from "../rotation/observation.ts";
import type { NextAuthority } from "./desired.ts";

/** Names the CA to come, as the keys that it replaces are named. */
export function nextFingerprint({ certificate }: NextAuthority): Fingerprint {
  return keyFingerprint(new X509Certificate(certificate));
}

/** `null` for what cannot be read. */
function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

/** SHA-256 of the SubjectPublicKeyInfo: what names a key everywhere in capstan. */
function keyFingerprint({ publicKey }: X509Certificate): Fingerprint {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return `sha256:${createHash("sha256").update(spki).digest("hex")}`;
}

/**
 * Why a certificate cannot be that of the next CA of a Talos cluster; `null` when nothing speaks against it. Talos
 * supports self-signed roots only (reference talos-rotation 7, talos#11765). `now` is `null` where age does not matter.
 */
export function problemWithNext(pem: string, retired: readonly unknown[], now: Date | null): string | null {
  const certificate = readCertificate(pem);
  if (certificate === null) return "cannot be read as a certificate";
  if (!certificate.ca) return "is no certificate of a CA";
  if (!certificate.verify(certificate.publicKey)) return "is not self-signed, and Talos takes roots only";
  if (retired.includes(keyFingerprint(certificate))) return "has the key that this rotation retires";
  if (now !== null && certificate.validToDate <= now)
    return `expired on ${certificate.validToDate.toISOString().slice(0, 10)}`;
  return null;
}
