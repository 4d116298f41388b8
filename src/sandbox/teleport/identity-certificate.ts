import { X509Certificate } from "node:crypto";
import type { StoredAuthority } from "./authority-store.ts";

/** Whom it is a file of, as its certificate says. */
export function userOf(file: string): string {
  return /CN=([^\n,]+)/.exec(clientIn(file)?.subject ?? "")?.[1] ?? "nobody";
}

/** The key of the user CA that signed it, among those that somebody knows. */
export function isSignedByOneOf(file: string, keys: StoredAuthority["active"]): boolean {
  const client = clientIn(file);
  return (
    client !== undefined &&
    keys.some(({ tls }) => tls !== null && client.verify(new X509Certificate(tls.certificate).publicKey))
  );
}

function clientIn(file: string): X509Certificate | undefined {
  return [...file.matchAll(CERTIFICATES)].map(([pem]) => new X509Certificate(pem)).find(({ ca }) => !ca);
}

/** Every certificate of an identity file, as PEM. */
export const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
