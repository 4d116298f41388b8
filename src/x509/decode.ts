/**
 * Brings the library that reads ASN.1 along: import it lazily, a plan without overrides must not pay for it. Node's
 * own X509Certificate shows no KeyUsage, no BasicConstraints path length, no key identifiers, and names only
 * as text; it does verify signatures, and it writes PEM.
 */
import { X509Certificate as NodeCertificate } from "node:crypto";
import type { Certificate, PublicKey } from "./certificate.ts";
import type { CertificateFlaw } from "./certificate-flaw.ts";
import type { DistinguishedName } from "./distinguished-name.ts";
import { readExtensions } from "./extensions.ts";
import { PemConverter, Pkcs10CertificateRequest, X509Certificate, X509Crl } from "./library.ts";
import { remembered } from "./remembered.ts";
import type { RevocationList } from "./revocation-list.ts";
import { fingerprintOf, type KeyHash, keyHashOf, spkiOf } from "./spki.ts";

/** Either the certificate, or the first thing for which Go would not take it. */
export type CertificateReading =
  | { readonly certificate: Certificate; readonly flaw: null }
  | { readonly certificate: null; readonly flaw: CertificateFlaw };

/**
 * The library keeps the decoded structure to subclasses, and says neither version nor attribute order
 * elsewhere.
 */
class OpenCertificate extends X509Certificate {
  get decoded() {
    return this.asn;
  }
}

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
    return decode(node, new OpenCertificate(node.raw));
  } catch {
    return flawed({ kind: "unreadable-part" });
  }
});

function decode(node: NodeCertificate, open: OpenCertificate): CertificateReading {
  const { tbsCertificate, signatureAlgorithm } = open.decoded;
  const extensions = tbsCertificate.extensions ?? [];
  const serial = Buffer.from(tbsCertificate.serialNumber);
  if ((serial[0] ?? 0) >= 0x80) {
    return flawed({ kind: "serial-negative" });
  }
  const twice = extensions.find(
    ({ extnID }, index) => extensions.findIndex((one) => one.extnID === extnID) < index,
  );
  if (twice !== undefined) {
    return flawed({ kind: "extension-twice", oid: twice.extnID });
  }
  const misspelled = [tbsCertificate.subject, tbsCertificate.issuer].map(notPrintable).find(Boolean);
  if (misspelled !== undefined) {
    return flawed({ kind: "name-not-printable", text: misspelled });
  }
  const key = keyOf(node);
  if (key.type === "ec" && !GO_CURVES.includes(key.curve ?? "")) {
    return flawed({ kind: "curve-unsupported", curve: key.curve ?? "unknown" });
  }
  const spki = spkiIn(node, open);
  const certificate: Certificate = {
    pem: node.toString(),
    sha256: digestOf(node.raw),
    keyHash: digestOf(spki),
    version: (tbsCertificate.version + 1) as Certificate["version"],
    subject: nameOf(tbsCertificate.subject),
    issuer: nameOf(tbsCertificate.issuer),
    serial: serial.toString("hex").replace(/^(00)+(?=.)/, ""),
    notBefore: open.notBefore.toISOString(),
    notAfter: open.notAfter.toISOString(),
    key,
    signature: { oid: signatureAlgorithm.algorithm, hash: open.signatureAlgorithm.hash?.name ?? null },
    ...readExtensions(extensions),
  };
  return { certificate, flaw: null };
}

function flawed(flaw: CertificateFlaw): CertificateReading {
  return { certificate: null, flaw };
}

/** The hash is over the bytes as they stand: a re-encoding that differs would name another key. */
function spkiIn(node: NodeCertificate, open: OpenCertificate): Buffer {
  const inNodesWords = spkiOf(node.publicKey);
  if (node.raw.includes(inNodesWords)) return inNodesWords;
  const spki = Buffer.from(open.publicKey.rawData);
  if (!node.raw.includes(spki)) throw new Error("the public key is not in DER");
  return spki;
}

function keyOf({ publicKey }: NodeCertificate): PublicKey {
  const details = publicKey.asymmetricKeyDetails;
  return {
    type: publicKey.asymmetricKeyType ?? "unknown",
    bits: details?.modulusLength ?? null,
    curve: details?.namedCurve ?? null,
  };
}

/** Structural, so that the three kinds of decoded names fit. */
type DecodedName = Iterable<
  Iterable<{
    readonly type: string;
    readonly value: { readonly printableString?: string; toString(): string };
  }>
>;

/** The first value that is no PrintableString and says it is: OpenSSL reads that, Go does not. */
function notPrintable(name: DecodedName): string | undefined {
  return [...name]
    .flatMap((rdn) => [...rdn].map(({ value }) => value.printableString ?? ""))
    .find((text) => !/^[A-Za-z0-9 '()+,\-./:=?*&]*$/.test(text));
}

function nameOf(name: DecodedName): DistinguishedName {
  return [...name].map((rdn) => [...rdn].map(({ type, value }) => ({ type, value: value.toString() })));
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
      subject: nameOf(open.decoded.certificationRequestInfo.subject),
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
      issuer: nameOf(open.decoded.tbsCertList.issuer),
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
