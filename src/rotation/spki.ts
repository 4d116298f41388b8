import { createHash, type KeyObject } from "node:crypto";
import type { Fingerprint } from "./observation.ts";

/** The DER SubjectPublicKeyInfo of a public key. */
export function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** What names a key in capstan: Teleport's CA pin (reference teleport-rotation 4.7). */
export function fingerprintOf(spki: Uint8Array): Fingerprint {
  return `sha256:${createHash("sha256").update(spki).digest("hex")}`;
}
