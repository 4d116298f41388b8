import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { AuthorityKey, CertificateFacts, Fingerprint } from "../rotation/observation.ts";
import { onOneLine } from "./distinguished-name.ts";
import { publicKeyInBlob } from "./openssh-key.ts";
import { remembered } from "./remembered.ts";
import { fingerprintOf, spkiOf } from "./spki.ts";

type Protocol = AuthorityKey["protocol"];

/** Of a hundred clusters. */
const KEYS = 4_000;

/**
 * Reads the public half of a CA's key: a PEM certificate, an OpenSSH line or a PEM public key, by protocol.
 * Its fingerprint is over the bytes as they stand in a certificate, not over an equal key in another
 * encoding: for the host CA of Teleport that is the CA pin (reference teleport-rotation 4.7). Throws when it
 * is not one.
 */
export async function readAuthorityKey(
  protocol: Protocol,
  material: string,
  storage: string,
): Promise<AuthorityKey> {
  return { protocol, storage, material: material.trim(), ...(await READ[protocol](material)) };
}

type ReadFromMaterial = Omit<AuthorityKey, "protocol" | "storage" | "material">;

/** A run that waits for components looks at the same keys every few seconds. */
const READ: Readonly<Record<Protocol, (material: string) => Promise<ReadFromMaterial>>> = {
  tls: remembered(KEYS, async (material) => {
    const certificate = new X509Certificate(material);
    return {
      fingerprint: await certificateFingerprint(certificate),
      algorithm: algorithmOf(certificate),
      certificate: nodeCertificateFacts(certificate),
    };
  }),
  ssh: remembered(KEYS, async (material) => readSshKey(material)),
  jwt: remembered(KEYS, async (material) => {
    const key = createPublicKey(material);
    return { fingerprint: fingerprintOf(spkiOf(key)), algorithm: algorithmName(key) };
  }),
};

/** Of the SubjectPublicKeyInfo as it stands in the certificate. */
export async function certificateFingerprint(certificate: X509Certificate): Promise<Fingerprint> {
  return fingerprintOf(await exactSpki(certificate));
}

/**
 * Node gives the key encoded anew. That is the same for every usual key, and if its bytes stand in the
 * certificate there is nothing else they could be. Where they do not (a compressed point, an algorithm that
 * OpenSSL does not know), the certificate is taken apart by code that is slow to load.
 */
async function exactSpki(certificate: X509Certificate): Promise<Uint8Array> {
  try {
    const encoded = spkiOf(certificate.publicKey);
    if (certificate.raw.includes(encoded)) return encoded;
  } catch {
    // OpenSSL does not know the algorithm.
  }
  const { rawSpki } = await import("./raw-spki.ts");
  return rawSpki(certificate.raw);
}

function algorithmOf(certificate: X509Certificate): string {
  try {
    return algorithmName(certificate.publicKey);
  } catch {
    return "unknown";
  }
}

function nodeCertificateFacts(certificate: X509Certificate): CertificateFacts {
  return {
    subject: onOneLine(certificate.subject),
    issuer: onOneLine(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
  };
}

const NIST_CURVES: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

function algorithmName(key: KeyObject): string {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case "rsa":
    case "rsa-pss":
      return `RSA ${details?.modulusLength}`;
    case "ec":
      return `ECDSA ${NIST_CURVES[details?.namedCurve ?? ""] ?? details?.namedCurve}`;
    case "ed25519":
      return "Ed25519";
    default:
      return key.asymmetricKeyType ?? "unknown";
  }
}

/** An authorized_keys line, with or without options before and a comment after the key. */
const SSH_KEY = /(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]+=*)/;

function readSshKey(line: string): { readonly fingerprint: Fingerprint; readonly algorithm: string } {
  const [, name, base64] = SSH_KEY.exec(line) ?? [];
  if (name === undefined || base64 === undefined) throw new Error("it is not an OpenSSH public key");
  const blob = Buffer.from(base64, "base64");
  const key = publicKeyInBlob(blob);
  // A kind of key that has no SPKI here still needs a stable name: OpenSSH's own fingerprint, in hex.
  if (key === null) return { fingerprint: fingerprintOf(blob), algorithm: name };
  return { fingerprint: fingerprintOf(spkiOf(key)), algorithm: algorithmName(key) };
}
