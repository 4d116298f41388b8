import { X509Certificate } from "node:crypto";
import type { Fingerprint } from "../../rotation/observation.ts";
import { fingerprintOf, spkiOf } from "../../x509/spki.ts";
import type { NextAuthority } from "./desired.ts";

/** Names the CA to come, as the keys that it replaces are named. */
export function nextFingerprint({ certificate }: NextAuthority): Fingerprint {
  return fingerprintOf(spkiOf(new X509Certificate(certificate).publicKey));
}
