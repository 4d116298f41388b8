/**
 * The only module that reads ASN.1: import it lazily, a plan without overrides must not pay for it. Node's
 * own X509Certificate shows no KeyUsage, no BasicConstraints path length, no key identifiers, and names only
 * as text; it does verify signatures, and it writes PEM.
 */
import { X509Certificate as NodeCertificate } from "node:crypto";
import type { Certificate, KeyUsage, PublicKey } from "./certificate.ts";
import type { CertificateFlaw } from "./certificate-flaw.ts";
import type { DistinguishedName } from "./distinguished-name.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509Crl,
} from "./library.ts";
import { remembered } from "./remembered.ts";
import type { RevocationList } from "./revocation-list.ts";
import { fingerprintOf, type KeyHash, keyHashOf } from "./spki.ts";

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

const NAME_CONSTRAINTS = "2.5.29.30";

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
  const extensions = open.extensions;
  const serial = Buffer.from(tbsCertificate.serialNumber);
  if ((serial[0] ?? 0) >= 0x80) {
    return flawed({ kind: "serial-negative" });
  }
  const twice = extensions.find(
    ({ type }, index) => extensions.findIndex((one) => one.type === type) < index,
  );
  if (twice !== undefined) {
    return flawed({ kind: "extension-twice", oid: twice.type });
  }
  const misspelled = [tbsCertificate.subject, tbsCertificate.issuer].map(notPrintable).find(Boolean);
  if (misspelled !== undefined) {
    return flawed({ kind: "name-not-printable", text: misspelled });
  }
  const key = keyOf(node);
  if (key.type === "ec" && !GO_CURVES.includes(key.curve ?? "")) {
    return flawed({ kind: "curve-unsupported", curve: key.curve ?? "unknown" });
  }
  const spki = Buffer.from(open.publicKey.rawData);
  // The hash is over the bytes as they stand: a re-encoding that differs would name another key.
  if (!node.raw.includes(spki)) throw new Error("the public key is not in DER");
  const usage = find(extensions, KeyUsagesExtension);
  const basic = find(extensions, BasicConstraintsExtension);
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
    basicConstraints:
      basic === null
        ? null
        : { critical: basic.critical, ca: basic.ca, pathLength: basic.pathLength ?? null },
    keyUsage: usage === null ? null : usageOf(usage),
    extendedKeyUsage: find(extensions, ExtendedKeyUsageExtension)?.usages.map(String) ?? null,
    subjectKeyId: find(extensions, SubjectKeyIdentifierExtension)?.keyId.toLowerCase() ?? null,
    authorityKeyId: find(extensions, AuthorityKeyIdentifierExtension)?.keyId?.toLowerCase() ?? null,
    hasNameConstraints: extensions.some(({ type }) => type === NAME_CONSTRAINTS),
    criticalExtensions: extensions.flatMap(({ type, critical }) => (critical ? [type] : [])),
  };
  return { certificate, flaw: null };
}

function flawed(flaw: CertificateFlaw): CertificateReading {
  return { certificate: null, flaw };
}

function find<T extends Extension>(
  extensions: readonly Extension[],
  type: abstract new (...args: never[]) => T,
): T | null {
  return extensions.find((extension): extension is T => extension instanceof type) ?? null;
}

function usageOf({ critical, usages }: KeyUsagesExtension): KeyUsage {
  return {
    critical,
    certSign: (usages & KeyUsageFlags.keyCertSign) !== 0,
    crlSign: (usages & KeyUsageFlags.cRLSign) !== 0,
    // The library makes NaN of a bit string without bits.
    empty: !(Number(usages) > 0),
  };
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
