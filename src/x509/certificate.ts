import type { CertificateFacts } from "../rotation/observation.ts";
import { type DistinguishedName, printedName } from "./distinguished-name.ts";
import { isSignedWithKeyOf } from "./signed-by.ts";
import type { KeyHash } from "./spki.ts";

/**
 * A certificate as plain data: everything that rules about one ask for, nothing that needs ASN.1 any more.
 */
export interface Certificate {
  /** The block as capstan writes it: no text around it, LF, 64 columns, one final line feed. */
  readonly pem: string;
  /** Hex SHA-256 of the DER: two certificates are the same when this is. */
  readonly sha256: string;
  readonly keyHash: KeyHash;
  readonly version: 1 | 2 | 3;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** Lower-case hex. */
  readonly serial: string;
  /** ISO 8601, as everywhere. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly key: PublicKey;
  readonly signature: Signature;
  /** `null`: the extension is absent. */
  readonly basicConstraints: BasicConstraints | null;
  readonly keyUsage: KeyUsage | null;
  /** OIDs. */
  readonly extendedKeyUsage: readonly string[] | null;
  readonly subjectKeyId: string | null;
  readonly authorityKeyId: string | null;
  readonly hasNameConstraints: boolean;
  readonly criticalExtensions: readonly string[];
}

/** What kind of key a certificate is for. */
export interface PublicKey {
  /** Node's name: `rsa`, `rsa-pss`, `ec`, `ed25519`… */
  readonly type: string;
  /** RSA and DSA. */
  readonly bits: number | null;
  /** OpenSSL's name. */
  readonly curve: string | null;
}

/** With what a certificate was signed. */
export interface Signature {
  readonly oid: string;
  /** `SHA-1`, where the algorithm's parameters say it (RSA-PSS). */
  readonly hash: string | null;
}

interface BasicConstraints {
  readonly critical: boolean;
  readonly ca: boolean;
  readonly pathLength: number | null;
}

/** The extension of that name, as far as it matters for a CA. */
export interface KeyUsage {
  readonly critical: boolean;
  readonly certSign: boolean;
  readonly crlSign: boolean;
  /** No bit at all: Go reads that as "not limited". */
  readonly empty: boolean;
}

/** For plans: what a certificate is to people. */
export function certificateFacts(certificate: Certificate): CertificateFacts {
  return {
    subject: printedName(certificate.subject),
    issuer: printedName(certificate.issuer),
    serial: certificate.serial,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
  };
}

/** Whether the subject is the issuer, by name: such a certificate does not count towards path lengths. */
export function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return printedName(subject) === printedName(issuer);
}

/** Whether it is its own issuer by name and by signature. */
export function isSelfSigned(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && isSignedWithKeyOf(certificate.pem, certificate.pem);
}

/**
 * The chain of a certificate out of candidates in any order: each the issuer of the one before, up to a root
 * or as far as they reach. Names and signatures decide; a certificate that issues nothing here is left over.
 */
export function orderChain(
  certificate: Certificate,
  candidates: readonly Certificate[],
): { readonly chain: readonly Certificate[]; readonly leftOver: readonly Certificate[] } {
  const chain: Certificate[] = [];
  let leftOver = candidates.filter(({ sha256 }) => sha256 !== certificate.sha256);
  for (let current = certificate; !isSelfIssued(current); ) {
    const issuer = leftOver.find(
      (candidate) =>
        printedName(candidate.subject) === printedName(current.issuer) &&
        isSignedWithKeyOf(current.pem, candidate.pem),
    );
    if (issuer === undefined) break;
    chain.push(issuer);
    leftOver = leftOver.filter((candidate) => candidate !== issuer);
    current = issuer;
  }
  return { chain, leftOver };
}
