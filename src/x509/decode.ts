/**
 * The only module that reads ASN.1: import it lazily, a plan without overrides must not pay for it. Node's
 * own X509Certificate shows no KeyUsage, no BasicConstraints path length, no key identifiers, and names only
 * as text; it does verify signatures, and it writes PEM.
 */
import { X509Certificate as NodeCertificate } from "node:crypto";
import type { Certificate, PublicKey } from "./certificate.ts";
import type { CertificateFlaw } from "./certificate-flaw.ts";
import type { CertificateParts } from "./certificate-parts.ts";
import type { DistinguishedName } from "./distinguished-name.ts";
import { readExtensions } from "./extensions.ts";
import { PemConverter, Pkcs10CertificateRequest, X509Certificate, X509Crl } from "./library.ts";
import { libraryParts, plainName } from "./library-parts.ts";
import { remembered } from "./remembered.ts";
import type { RevocationList } from "./revocation-list.ts";
import { fingerprintOf, type KeyHash, keyHashOf } from "./spki.ts";
import { usualParts } from "./usual-parts.ts";

/** Either the certificate, or the first thing for which Go would not take it. */
export type CertificateReading =
  | { readonly certificate: Certificate; readonly flaw: null }
  | { readonly certificate: null; readonly flaw: CertificateFlaw };

/** The library keeps the decoded structure to subclasses, and says the order of attributes nowhere else. */
class OpenRequest extends Pkcs10CertificateRequest {
  get decoded() {
    return this.asn;
  }
}

class OpenCrl extends X509Crl {
  get decoded() {
    return this.asn;
  }
}

/** Go refuses other curves while parsing, whatever the certificate is for. */
const GO_CURVES = ["secp224r1", "prime256v1", "secp384r1", "secp521r1"];

/** Reads a certificate as strictly as Go does, in which both platforms are written. Throws nothing. */
export function readCertificate(der: Uint8Array): CertificateReading {
  return readBytes(Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("base64"));
}

const readBytes = remembered(1_000, (base64): CertificateReading => {
  const der = Buffer.from(base64, "base64");
  let node: NodeCertificate;
  try {
    node = new NodeCertificate(der);
  } catch {
    return flawed({ kind: "malformed" });
  }
  if (node.raw.length !== der.length) {
    return flawed({ kind: "trailing-data" });
  }
  try {
    return decode(node, usualParts(node) ?? libraryParts(node));
  } catch {
    return flawed({ kind: "unreadable-part" });
  }
});

function decode(node: NodeCertificate, parts: CertificateParts): CertificateReading {
  const { serial, extensions, misspelled } = parts;
  if ((serial[0] ?? 0) >= 0x80) {
    return flawed({ kind: "serial-negative" });
  }
  const twice = extensions.find(
    ({ extnID }, index) => extensions.findIndex((one) => one.extnID === extnID) < index,
  );
  if (twice !== undefined) {
    return flawed({ kind: "extension-twice", oid: twice.extnID });
  }
  if (misspelled !== null) {
    return flawed({ kind: "name-not-printable", text: misspelled });
  }
  const key = keyOf(node);
  if (key.type === "ec" && !GO_CURVES.includes(key.curve ?? "")) {
    return flawed({ kind: "curve-unsupported", curve: key.curve ?? "unknown" });
  }
  const certificate: Certificate = {
    pem: node.toString(),
    sha256: digestOf(node.raw),
    keyHash: digestOf(parts.spki),
    version: parts.version,
    subject: parts.subject,
    issuer: parts.issuer,
    serial: serial.toString("hex").replace(/^(00)+(?=.)/, ""),
    notBefore: parts.notBefore,
    notAfter: parts.notAfter,
    key,
    signature: parts.signature,
    ...readExtensions(extensions),
  };
  return { certificate, flaw: null };
}

function flawed(flaw: CertificateFlaw): CertificateReading {
  return { certificate: null, flaw };
}

function keyOf({ publicKey }: NodeCertificate): PublicKey {
  const details = publicKey.asymmetricKeyDetails;
  return {
    type: publicKey.asymmetricKeyType ?? "unknown",
    bits: details?.modulusLength ?? null,
    curve: details?.namedCurve ?? null,
  };
}

function digestOf(data: Uint8Array): KeyHash {
  return keyHashOf(fingerprintOf(data));
}

/** A certificate signing request as plain data. */
export interface SigningRequest {
  readonly pem: string;
  readonly keyHash: KeyHash;
  readonly subject: DistinguishedName;
  /** Whether the requester holds the key. */
  readonly signatureValid: boolean;
}

/** Reads a signing request and checks its signature; `null` for what is none. */
export async function readRequest(der: Uint8Array): Promise<SigningRequest | null> {
  try {
    const open = new OpenRequest(der);
    return {
      pem: `${open.toString("pem")}\n`,
      keyHash: digestOf(Buffer.from(open.publicKey.rawData)),
      subject: plainName(open.decoded.certificationRequestInfo.subject),
      signatureValid: await open.verify(),
    };
  } catch {
    return null;
  }
}

/** Reads a revocation list and checks it against the key of its certificate; `null` for what is none. */
export async function readRevocationList(pem: string, issuer: Certificate): Promise<RevocationList | null> {
  try {
    const open = new OpenCrl(PemConverter.decodeFirst(pem));
    return {
      issuer: plainName(open.decoded.tbsCertList.issuer),
      thisUpdate: open.thisUpdate.toISOString(),
      nextUpdate: open.nextUpdate?.toISOString() ?? null,
      // Of a certificate the library takes the algorithm of its issuer for that of its key.
      signatureValid: await open.verify({ publicKey: new X509Certificate(issuer.pem).publicKey }),
    };
  } catch {
    return null;
  }
}

/** All blocks of a text, whatever they are, for files that are lists (CSRs, bundles). */
export function pemBlocks(text: string): readonly { readonly type: string; readonly der: Uint8Array }[] {
  try {
    return PemConverter.decodeWithHeaders(text).map(({ type, rawData }) => ({
      type,
      der: new Uint8Array(rawData),
    }));
  } catch {
    return [];
  }
}
