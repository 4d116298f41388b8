import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { Failure } from "../failure.ts";
import type { AuthorityKey, Fingerprint } from "../rotation/observation.ts";
import { onOneLine } from "../x509/distinguished-name.ts";
import { fingerprintOf, spkiOf } from "../x509/spki.ts";

/** A public key in the forms that other systems read, made from `AuthorityKey.material` and nothing else. */
export interface KeyMaterial {
  readonly protocol: AuthorityKey["protocol"];
  /** As the platform names it: what people compare with plans. */
  readonly fingerprint: Fingerprint;
  /** Hex SHA-256 of the SubjectPublicKeyInfo with its prefix; `null` for an SSH key. */
  readonly pin: Fingerprint | null;
  /** PEM with a final newline; `null` for an SSH key. */
  readonly pem: string | null;
  readonly der: Buffer | null;
  /** `ssh-ed25519 AAAA...` without options and comment; `null` for any other key. */
  readonly line: string | null;
  /** As `ssh-keygen -l` prints it; `null` for any other key. */
  readonly opensshFingerprint: string | null;
  readonly certificate: { readonly subject: string; readonly notAfter: string } | null;
}

/** Reads a key; PEM and lines come out anew, so that white space and comments do not change a byte. */
export function readMaterial(key: AuthorityKey): KeyMaterial {
  try {
    if (key.protocol === "ssh") return readOpensshLine(key);
    return key.protocol === "tls" ? materialOfCertificate(key) : readPublicKey(key);
  } catch (cause) {
    throw new Failure("executable", `the ${key.protocol} key ${key.fingerprint} cannot be read`, {
      hint: "look at what the platform prints for this CA",
      cause,
    });
  }
}

function materialOfCertificate(key: AuthorityKey): KeyMaterial {
  const certificate = new X509Certificate(key.material);
  return {
    protocol: "tls",
    fingerprint: key.fingerprint,
    pin: fingerprintOf(spkiOf(certificate.publicKey)),
    pem: certificate.toString(),
    der: certificate.raw,
    line: null,
    opensshFingerprint: null,
    certificate: {
      subject: onOneLine(certificate.subject),
      notAfter: certificate.validToDate.toISOString(),
    },
  };
}

function readPublicKey(key: AuthorityKey): KeyMaterial {
  const publicKey = createPublicKey(key.material);
  const der = spkiOf(publicKey);
  return {
    protocol: "jwt",
    fingerprint: key.fingerprint,
    pin: fingerprintOf(der),
    pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    der,
    line: null,
    opensshFingerprint: null,
    certificate: null,
  };
}

function readOpensshLine(key: AuthorityKey): KeyMaterial {
  const words = key.material.trim().split(/\s+/);
  const at = words.findIndex((word) => /^(ssh|ecdsa|sk)-[\w@.-]+$/.test(word));
  const type = words[at] ?? "";
  const blob = Buffer.from(words[at + 1] ?? "", "base64");
  // The blob repeats the type, with its length in four bytes before it.
  if (at < 0 || blob.length < 4 || blob.toString("latin1", 4, 4 + blob.readUInt32BE(0)) !== type) {
    throw new Error("not an OpenSSH public key");
  }
  return {
    protocol: "ssh",
    fingerprint: key.fingerprint,
    pin: null,
    pem: null,
    der: null,
    line: `${type} ${blob.toString("base64")}`,
    opensshFingerprint: `SHA256:${sha256(blob).toString("base64").replace(/=+$/, "")}`,
    certificate: null,
  };
}

/** SHA-256 as hexadecimal digits in small letters. */
export function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
