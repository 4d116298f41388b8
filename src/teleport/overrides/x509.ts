/**
 * The only module that reads ASN.1, and the only one that loads the X.509 library: import it lazily, a plan
 * without overrides must not pay for it. Node's own X509Certificate shows no KeyUsage, no BasicConstraints path
 * length, no key identifiers, and names only as text; it does verify signatures, and it writes PEM.
 */
import "reflect-metadata";
import { createHash, X509Certificate as NodeCertificate } from "node:crypto";
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
} from "@peculiar/x509";
import type { Certificate, KeyUsage, PublicKey } from "./certificate.ts";
import type { KeyHash } from "./key-hash.ts";
import type { DistinguishedName } from "./name.ts";
import type { Problem } from "./pem.ts";

export type CertificateReading =
  | { readonly certificate: Certificate; readonly problem: null }
  | { readonly certificate: null; readonly problem: Problem };

/** The library keeps the decoded structure to subclasses, and says neither version nor attribute order elsewhere. */
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
const SERVER_CURVES = ["secp224r1", "prime256v1", "secp384r1", "secp521r1"];

const NAME_CONSTRAINTS = "2.5.29.30";

export function readCertificate(der: Uint8Array): CertificateReading {
  let node: NodeCertificate;
  try {
    node = new NodeCertificate(Buffer.from(der));
  } catch {
    return refused(
      "certificate-malformed",
      "is PEM, but has no certificate inside",
      "x509: malformed certificate",
    );
  }
  if (node.raw.length !== der.length) {
    return refused(
      "certificate-trailing-data",
      "has bytes after the end of the certificate",
      "x509: trailing data",
    );
  }
  try {
    return decode(node, new OpenCertificate(node.raw));
  } catch {
    return refused(
      "certificate-malformed",
      "is a certificate with a part that cannot be read",
      "x509: invalid",
    );
  }
}

function decode(node: NodeCertificate, open: OpenCertificate): CertificateReading {
  const { tbsCertificate, signatureAlgorithm } = open.decoded;
  const extensions = open.extensions;
  const serial = Buffer.from(tbsCertificate.serialNumber);
  if ((serial[0] ?? 0) >= 0x80) {
    return refused(
      "certificate-serial-negative",
      "has a negative serial number",
      "x509: negative serial number",
    );
  }
  const twice = extensions.find(
    ({ type }, index) => extensions.findIndex((one) => one.type === type) < index,
  );
  if (twice !== undefined) {
    return refused(
      "certificate-extension-twice",
      `carries the extension ${twice.type} twice`,
      `x509: certificate contains duplicate extension with OID "${twice.type}"`,
    );
  }
  const misspelled = [tbsCertificate.subject, tbsCertificate.issuer].map(notPrintable).find(Boolean);
  if (misspelled !== undefined) {
    return refused(
      "certificate-name-encoding",
      `has a name part ${JSON.stringify(misspelled)} encoded as PrintableString, which cannot hold it`,
      "invalid PrintableString",
    );
  }
  const key = keyOf(node);
  if (key.type === "ec" && !SERVER_CURVES.includes(key.curve ?? "")) {
    return refused(
      "certificate-curve-unsupported",
      `has a key on the curve ${key.curve ?? "unknown"}, which Teleport cannot read`,
      "x509: unsupported elliptic curve",
    );
  }
  const spki = Buffer.from(open.publicKey.rawData);
  // The hash is over the bytes as they stand: a re-encoding that differs would name another key.
  if (!node.raw.includes(spki)) throw new Error("the public key is not in DER");
  const usage = find(extensions, KeyUsagesExtension);
  const basic = find(extensions, BasicConstraintsExtension);
  const certificate: Certificate = {
    pem: node.toString(),
    sha256: sha256(node.raw),
    keyHash: sha256(spki),
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
  return { certificate, problem: null };
}

function refused(code: Problem["code"], message: string, serverText: string): CertificateReading {
  return {
    certificate: null,
    problem: {
      severity: "error",
      code,
      message,
      remedy: "have the external CA issue the certificate again",
      serverText,
    },
  };
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

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A certificate signing request as plain data. */
export interface CertificateRequest {
  readonly pem: string;
  readonly keyHash: KeyHash;
  readonly subject: DistinguishedName;
  /** Whether the requester holds the key. */
  readonly signatureValid: boolean;
}

export async function readRequest(der: Uint8Array): Promise<CertificateRequest | null> {
  try {
    const open = new OpenRequest(der);
    return {
      pem: `${open.toString("pem")}\n`,
      keyHash: sha256(Buffer.from(open.publicKey.rawData)),
      subject: nameOf(open.decoded.certificationRequestInfo.subject),
      signatureValid: await open.verify(),
    };
  } catch {
    return null;
  }
}

/** A revocation list, judged against the key of the certificate that it belongs to. */
export interface RevocationList {
  readonly issuer: DistinguishedName;
  readonly thisUpdate: string;
  readonly nextUpdate: string | null;
  readonly signatureValid: boolean;
}

export async function readCrl(pem: string, issuer: Certificate): Promise<RevocationList | null> {
  try {
    const open = new OpenCrl(PemConverter.decodeFirst(pem));
    return {
      issuer: nameOf(open.decoded.tbsCertList.issuer),
      thisUpdate: open.thisUpdate.toISOString(),
      nextUpdate: open.nextUpdate?.toISOString() ?? null,
      signatureValid: await open.verify({ publicKey: new X509Certificate(issuer.pem) }),
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
