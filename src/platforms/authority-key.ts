import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { AuthorityKey, CertificateFacts, Fingerprint } from "../rotation/observation.ts";

/**
 * Fingerprints of keys: `sha256:` and the hex SHA-256 of the DER SubjectPublicKeyInfo. For the TLS keys of the
 * host CA that is Teleport's CA pin (reference teleport-rotation 4.7), which is why the bytes of the certificate
 * itself count, not an equal key in another encoding.
 */

type Protocol = AuthorityKey["protocol"];

/** Reads a public half as Teleport stores it. Throws when it is not one. */
export async function readKey(protocol: Protocol, material: string, storage: string): Promise<AuthorityKey> {
  const common = { protocol, storage, material: material.trim() };
  switch (protocol) {
    case "tls": {
      const certificate = new X509Certificate(material);
      const fingerprint = await certificateFingerprint(certificate);
      return {
        ...common,
        fingerprint,
        algorithm: algorithmOf(certificate),
        certificate: factsOf(certificate),
      };
    }
    case "ssh":
      return { ...common, ...readSshKey(material) };
    case "jwt": {
      const key = createPublicKey(material);
      return { ...common, fingerprint: sha256(spki(key)), algorithm: algorithmName(key) };
    }
  }
}

/** Of the SubjectPublicKeyInfo as it stands in the certificate. */
export async function certificateFingerprint(certificate: X509Certificate): Promise<Fingerprint> {
  return sha256(await spkiOf(certificate));
}

/**
 * Node gives the key encoded anew. That is the same for every usual key, and if its bytes stand in the
 * certificate there is nothing else they could be. Where they do not (a compressed point, an algorithm that
 * OpenSSL does not know), the certificate is taken apart by code that is slow to load.
 */
async function spkiOf(certificate: X509Certificate): Promise<Uint8Array> {
  try {
    const encoded = spki(certificate.publicKey);
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

function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
  };
}

function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").join(", ");
}

const NIST_CURVES: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
  nistp256: "P-256",
  nistp384: "P-384",
  nistp521: "P-521",
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
  const key = sshKeyObject(blob);
  // A kind of key that has no SPKI here still needs a stable name: OpenSSH's own fingerprint, in hex.
  if (key === null) return { fingerprint: sha256(blob), algorithm: name };
  return { fingerprint: sha256(spki(key)), algorithm: algorithmName(key) };
}

/** RFC 4253, 5656 and 8709: the blob is a list of strings with their length before them. */
function sshKeyObject(blob: Buffer): KeyObject | null {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) throw new Error("the OpenSSH public key is cut off");
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) throw new Error("the OpenSSH public key is cut off");
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  const [name, first, second] = fields;
  if (name === undefined || first === undefined) throw new Error("the OpenSSH public key is empty");
  const jwk = (key: Readonly<Record<string, string>>) => createPublicKey({ format: "jwk", key });
  switch (name.toString("latin1")) {
    case "ssh-rsa":
      return second === undefined ? null : jwk({ kty: "RSA", e: unsigned(first), n: unsigned(second) });
    case "ssh-ed25519":
      return jwk({ kty: "OKP", crv: "Ed25519", x: first.toString("base64url") });
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521": {
      const crv = NIST_CURVES[first.toString("latin1")];
      if (crv === undefined || second === undefined || second[0] !== 4) return null;
      const half = (second.length - 1) / 2;
      return jwk({
        kty: "EC",
        crv,
        x: second.subarray(1, 1 + half).toString("base64url"),
        y: second.subarray(1 + half).toString("base64url"),
      });
    }
    default:
      return null;
  }
}

/** A multiple precision integer has a leading zero when its first bit is set; JWK wants none. */
function unsigned(integer: Buffer): string {
  let start = 0;
  while (start < integer.length - 1 && integer[start] === 0) start += 1;
  return integer.subarray(start).toString("base64url");
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function sha256(bytes: Uint8Array): Fingerprint {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
