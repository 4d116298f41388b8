import "reflect-metadata";
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  X509Certificate as NodeCertificate,
  randomBytes,
} from "node:crypto";
import {
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "@peculiar/x509";
import type { Der } from "../der.ts";
import { type KeyAlgorithm, newKeyPair } from "../key-pair.ts";
import { encodePem } from "../pem.ts";
import {
  alternativeNames,
  authorityKeyId,
  basicConstraints,
  distinguishedName,
  type ExtendedUse,
  extendedKeyUsage,
  keyUsage,
  type NameParts,
  newSerial,
  signedCertificate,
  signedRequest,
  subjectIn,
  subjectKeyId,
} from "../signed-certificate.ts";
import { decodePem, openSslKey } from "./go-pem.ts";
import { rememberedBy } from "./remembered.ts";

/** The certificates of a Talos cluster (TA 7). Node and CA certificates start now, without back-dating. */

/** A certificate and its key as PEM, with the labels that Talos writes. */
export interface PemPair {
  readonly crt: string;
  readonly key: string;
}

export type AuthorityKind = "talos" | "kubernetes" | "etcd" | "aggregator";

export const YEAR_HOURS = 365 * 24;

const AUTHORITIES: Readonly<Record<AuthorityKind, { subject: NameParts; algorithm: KeyAlgorithm }>> = {
  talos: { subject: [{ O: ["talos"] }], algorithm: "Ed25519" },
  kubernetes: { subject: [{ O: ["kubernetes"] }], algorithm: "ECDSA P-256" },
  etcd: { subject: [{ O: ["etcd"] }], algorithm: "ECDSA P-256" },
  // The CA builder ignores the common name that is asked for.
  aggregator: { subject: [], algorithm: "ECDSA P-256" },
};

export interface AuthorityOptions {
  readonly now: number;
  readonly hours?: number;
  /** Other than what Talos makes: `talosctl gen ca --rsa`, and tests of what breaks. */
  readonly algorithm?: KeyAlgorithm;
  readonly organization?: string;
}

export async function mintAuthority(kind: AuthorityKind, options: AuthorityOptions): Promise<PemPair> {
  const profile = AUTHORITIES[kind];
  const { publicKey, privateKey } = await newKeyPair(options.algorithm ?? profile.algorithm);
  const name = distinguishedName(
    options.organization === undefined ? profile.subject : [{ O: [options.organization] }],
  );
  const certificate = signedCertificate(
    {
      serial: newSerial(),
      subject: name,
      issuer: name,
      ...validity(options.now, options.hours ?? 10 * YEAR_HOURS),
      publicKey,
      extensions: [
        keyUsage("digitalSignature", "keyCertSign"),
        extendedKeyUsage("serverAuth", "clientAuth"),
        basicConstraints(true),
        // Random as in recent versions, so that nobody gets away with recomputing it.
        subjectKeyId(randomBytes(20)),
      ],
    },
    privateKey,
  );
  return { crt: certificatePem(certificate), key: keyPem(privateKey) };
}

export interface LeafProfile {
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly usage: ExtendedUse | readonly ExtendedUse[];
  /** Kubernetes and trustd certificates have it, those of apid do not. */
  readonly encipherment?: boolean;
  readonly addresses?: readonly string[];
  readonly names?: readonly string[];
  readonly now: number;
  readonly hours: number;
  readonly backdateSeconds?: number;
}

/** Mints a key like the authority's own, and a certificate for it. */
export async function issue(authority: PemPair, profile: LeafProfile): Promise<PemPair> {
  const issuer = loadAuthority(authority);
  const keys = await newKeyPair(algorithmOf(issuer.privateKey));
  return { crt: certificatePem(sign(issuer, keys.publicKey, profile)), key: keyPem(keys.privateKey) };
}

/** The key and the PEM request of a worker that asks trustd. The key type follows the CA that it knows. */
export async function requestCertificate(
  like: string,
  profile: Pick<LeafProfile, "commonName" | "addresses" | "names">,
): Promise<{ readonly csr: string; readonly key: string }> {
  const keys = await newKeyPair(algorithmOf(new NodeCertificate(like).publicKey));
  const request = signedRequest({ subject: subjectOf(profile), extensions: namesOf(profile) }, keys);
  return { csr: encodePem("CERTIFICATE REQUEST", request), key: keyPem(keys.privateKey) };
}

/**
 * What trustd does with a request: organizations are dropped, the usage is forced, the subject alternative names
 * stay (TA 5.1). The signature algorithm is the request's, so a CA with a key of another type cannot sign.
 */
export async function signCertificateRequest(authority: PemPair, csr: string, now: number): Promise<string> {
  const issuer = loadAuthority(authority);
  const request = new Pkcs10CertificateRequest(csr);
  if (!(await request.verify())) throw new Error("x509: certificate request signature is not valid");
  const spki = Buffer.from(request.publicKey.rawData);
  const publicKey = createPublicKey({ key: spki, type: "spki", format: "der" });
  if (algorithmOf(publicKey) !== algorithmOf(issuer.privateKey)) {
    throw new Error("x509: requested SignatureAlgorithm does not match private key type");
  }
  const alternative = request.extensions.find((one) => one instanceof SubjectAlternativeNameExtension);
  const names = alternative?.names.toJSON() ?? [];
  const [commonName] = request.subjectName.getField("CN");
  const certificate = sign(issuer, publicKey, {
    ...(commonName === undefined ? {} : { commonName }),
    usage: "serverAuth",
    addresses: names.filter(({ type }) => type === "ip").map(({ value }) => value),
    names: names.filter(({ type }) => type === "dns").map(({ value }) => value),
    now,
    hours: 24,
  });
  return certificatePem(certificate);
}

/** Any key that Talos accepts, whatever its label (TA 7). */
export function loadPrivateKey(pem: string): KeyObject {
  const key = openSslKey(pem);
  if (key === "") throw new Error("failed to parse PEM block");
  return createPrivateKey(key);
}

interface Issuer {
  readonly name: Der;
  readonly keyId: Buffer | null;
  readonly privateKey: KeyObject;
}

/** Refuses a key that is not the certificate's: a wrong key stops issuance, it does not pass silently (TA 8.2). */
const loadAuthority = rememberedBy(({ crt, key }: PemPair) => `${crt}\n${key}`, readAuthority);

function readAuthority({ crt, key }: PemPair): Issuer {
  const block = decodePem(crt).find(({ label }) => label === "CERTIFICATE");
  if (block === undefined) throw new Error("failed to parse PEM block");
  const privateKey = loadPrivateKey(key);
  if (!new NodeCertificate(block.bytes).checkPrivateKey(privateKey)) {
    throw new Error("x509: provided PrivateKey doesn't match parent's PublicKey");
  }
  const identifier = new X509Certificate(block.bytes).getExtension(SubjectKeyIdentifierExtension);
  return {
    name: subjectIn(block.bytes),
    keyId: identifier === null ? null : Buffer.from(identifier.keyId, "hex"),
    privateKey,
  };
}

function sign(issuer: Issuer, publicKey: KeyObject, profile: LeafProfile): Der {
  const usages = typeof profile.usage === "string" ? [profile.usage] : profile.usage;
  return signedCertificate(
    {
      serial: newSerial(),
      subject: subjectOf(profile),
      issuer: issuer.name,
      ...validity(profile.now, profile.hours, profile.backdateSeconds),
      publicKey,
      extensions: [
        keyUsage("digitalSignature", ...(profile.encipherment ? (["keyEncipherment"] as const) : [])),
        extendedKeyUsage(...usages),
        ...(issuer.keyId === null ? [] : [authorityKeyId(issuer.keyId)]),
        ...namesOf(profile),
      ],
    },
    issuer.privateKey,
  );
}

function subjectOf({
  commonName,
  organizations = [],
}: Pick<LeafProfile, "commonName" | "organizations">): Der {
  return distinguishedName([
    ...(organizations.length === 0 ? [] : [{ O: organizations }]),
    ...(commonName === undefined ? [] : [{ CN: [commonName] }]),
  ]);
}

function namesOf({ addresses = [], names = [] }: Pick<LeafProfile, "addresses" | "names">): readonly Der[] {
  const all = [...addresses, ...names];
  return all.length === 0 ? [] : [alternativeNames(all)];
}

function validity(now: number, hours: number, backdateSeconds = 0): { notBefore: Date; notAfter: Date } {
  // Certificates have whole seconds.
  const start = Math.floor(now / 1000) * 1000 - backdateSeconds * 1000;
  return { notBefore: new Date(start), notAfter: new Date(start + hours * 3_600_000) };
}

function algorithmOf(key: KeyObject): KeyAlgorithm {
  if (key.asymmetricKeyType === "ed25519") return "Ed25519";
  return key.asymmetricKeyType === "ec" ? "ECDSA P-256" : "RSA 2048";
}

function certificatePem(certificate: Der): string {
  return encodePem("CERTIFICATE", certificate);
}

function keyPem(key: KeyObject): string {
  switch (algorithmOf(key)) {
    case "Ed25519":
      return encodePem("ED25519 PRIVATE KEY", key.export({ type: "pkcs8", format: "der" }));
    case "ECDSA P-256":
      return encodePem("EC PRIVATE KEY", key.export({ type: "sec1", format: "der" }));
    case "RSA 2048":
      return encodePem("RSA PRIVATE KEY", key.export({ type: "pkcs1", format: "der" }));
  }
}
