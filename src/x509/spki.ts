import { createHash, type KeyObject } from "node:crypto";
import type { Fingerprint } from "../rotation/observation.ts";

/** The DER SubjectPublicKeyInfo of a public key, in Node's encoding. Throws for a key that has none. */
export function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/**
 * What names a key in capstan: SHA-256 of its SubjectPublicKeyInfo, Teleport's CA pin (reference
 * teleport-rotation 4.7).
 */
export function fingerprintOf(spki: Uint8Array): Fingerprint {
  return `sha256:${createHash("sha256").update(spki).digest("hex")}`;
}

/**
 * The digest of a fingerprint without its prefix, 64 lower-case hex digits: what names an override entry
 * (reference teleport-overrides 3.1).
 */
export type KeyHash = string;

/** The digest in a fingerprint, which may have come in capitals. */
export function keyHashOf(fingerprint: Fingerprint): KeyHash {
  return fingerprint.slice("sha256:".length).toLowerCase();
}

/** The fingerprint that has this digest. */
export function fingerprintOfHash(hash: KeyHash): Fingerprint {
  return `sha256:${hash}`;
}
