import { type KeyObject, X509Certificate } from "node:crypto";
import { writtenDate } from "../../written-date.ts";
import { fingerprintOf, spkiOf } from "../../x509/spki.ts";

/** With its key, which is decoded only when it is asked for; `null` for what cannot be read. */
function parsedOrNull(pem: string): { certificate: X509Certificate; key: KeyObject } | null {
  try {
    const certificate = new X509Certificate(pem);
    return { certificate, key: certificate.publicKey };
  } catch {
    return null;
  }
}

/**
 * Why a certificate cannot be that of the next CA of a Talos cluster; `null` when nothing speaks against it. Talos
 * supports self-signed roots only (reference talos-rotation 7, talos#11765). `now` is `null` where age does not matter.
 */
export function problemWithNext(pem: string, retired: readonly unknown[], now: Date | null): string | null {
  const parsed = parsedOrNull(pem);
  if (parsed === null) return "cannot be read as a certificate";
  const { certificate, key } = parsed;
  if (!certificate.ca) return "is no certificate of a CA";
  if (!certificate.verify(key)) return "is not self-signed, and Talos takes roots only";
  if (retired.includes(fingerprintOf(spkiOf(key)))) return "has the key that this rotation retires";
  if (now !== null && certificate.validToDate <= now)
    return `expired on ${writtenDate(certificate.validToDate.toISOString())}`;
  return null;
}
