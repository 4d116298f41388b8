import "reflect-metadata";
import {
  createPrivateKey,
  KeyObject,
  X509Certificate as NodeCertificate,
  randomBytes,
  webcrypto,
} from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { decodePem, encodePem, openSslKey } from "./go-pem.ts";
import type { ExtendedUsage } from "./go-verify.ts";
import { rememberedBy } from "./remembered.ts";

/** The certificates of a Talos cluster (TA 7). Node and CA certificates start now, without back-dating. */

/** A certificate and its key as PEM, with the labels that Talos writes. */
export interface PemPair {
  readonly crt: string;
  readonly key: string;
}

export type AuthorityKind = "talos" | "kubernetes" | "etcd" | "aggregator";

type KeyAlgorithm = "Ed25519" | "P-256" | "RSA";

export const YEAR_HOURS = 365 * 24;

const AUTHORITIES: Readonly<Record<AuthorityKind, { subject: JsonName; algorithm: KeyAlgorithm }>> = {
  talos: { subject: [{ O: ["talos"] }], algorithm: "Ed25519" },
  kubernetes: { subject: [{ O: ["kubernetes"] }], algorithm: "P-256" },
  etcd: { subject: [{ O: ["etcd"] }], algorithm: "P-256" },
  // The CA builder ignores the common name that is asked for.
  aggregator: { subject: [], algorithm: "P-256" },
};

const GENERATE = {
  Ed25519: { name: "Ed25519" },
  "P-256": { name: "ECDSA", namedCurve: "P-256" },
  RSA: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
} as const;

export interface AuthorityOptions {
  readonly now: number;
  readonly hours?: number;
  /** Other than what Talos makes: `talosctl gen ca --rsa`, and tests of what breaks. */
  readonly algorithm?: KeyAlgorithm;
  readonly organization?: string;
}

export async function mintAuthority(kind: AuthorityKind, options: AuthorityOptions): Promise<PemPair> {
  const profile = AUTHORITIES[kind];
  const keys = await generateKeys(options.algorithm ?? profile.algorithm);
  const subject = options.organization === undefined ? profile.subject : [{ O: [options.organization] }];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: subject,
    ...validity(options.now, options.hours ?? 10 * YEAR_HOURS),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: signingAlgorithm(keys.privateKey),
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new BasicConstraintsExtension(true, undefined, true),
      // Random as in recent versions, so that nobody gets away with recomputing it.
      new SubjectKeyIdentifierExtension(randomBytes(20).toString("hex")),
    ],
  });
  return pair(certificate, keys.privateKey);
}

export interface LeafProfile {
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly usage: ExtendedUsage | readonly ExtendedUsage[];
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
  const keys = await generateKeys(algorithmOf(issuer.privateKey));
  return pair(await sign(issuer, keys.publicKey, profile), keys.privateKey);
}

/** The key and the PEM request of a worker that asks trustd. The key type follows the CA that it knows. */
export async function requestCertificate(
  like: string,
  profile: Pick<LeafProfile, "commonName" | "addresses" | "names">,
): Promise<{ readonly csr: string; readonly key: string }> {
  const keys = await generateKeys(algorithmOf(new NodeCertificate(like).publicKey));
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(profile),
    keys,
    signingAlgorithm: signingAlgorithm(keys.privateKey),
    extensions: alternativeNames(profile),
  });
  return { csr: request.toString("pem"), key: keyPem(keys.privateKey) };
}

/**
 * What trustd does with a request: organizations are dropped, the usage is forced, the subject alternative names
 * stay (TA 5.1). The signature algorithm is the request's, so a CA with a key of another type cannot sign.
 */
export async function signCertificateRequest(authority: PemPair, csr: string, now: number): Promise<string> {
  const issuer = loadAuthority(authority);
  const request = new Pkcs10CertificateRequest(csr);
  if (!(await request.verify())) throw new Error("x509: certificate request signature is not valid");
  const publicKey = await request.publicKey.export();
  if (algorithmOf(KeyObject.from(publicKey)) !== algorithmOf(issuer.privateKey)) {
    throw new Error("x509: requested SignatureAlgorithm does not match private key type");
  }
  const alternative = request.extensions.find((one) => one instanceof SubjectAlternativeNameExtension);
  const names = alternative?.names.toJSON() ?? [];
  const [commonName] = request.subjectName.getField("CN");
  const certificate = await sign(issuer, publicKey, {
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
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  readonly signingKey: webcrypto.CryptoKey;
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
  return {
    certificate: new X509Certificate(block.bytes),
    privateKey,
    signingKey: importKey(privateKey),
  };
}

async function sign(
  issuer: Issuer,
  publicKey: webcrypto.CryptoKey,
  profile: LeafProfile,
): Promise<X509Certificate> {
  const keyId = issuer.certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  const usages = typeof profile.usage === "string" ? [profile.usage] : profile.usage;
  const flags = KeyUsageFlags.digitalSignature | (profile.encipherment ? KeyUsageFlags.keyEncipherment : 0);
  const { signingKey } = issuer;
  return await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: subjectOf(profile),
    issuer: issuer.certificate.subjectName,
    ...validity(profile.now, profile.hours, profile.backdateSeconds),
    publicKey,
    signingKey,
    signingAlgorithm: signingAlgorithm(signingKey),
    extensions: [
      new KeyUsagesExtension(flags, true),
      new ExtendedKeyUsageExtension(usages.map((usage) => ExtendedKeyUsage[usage])),
      ...(keyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(keyId)]),
      ...alternativeNames(profile),
    ],
  });
}

function subjectOf({
  commonName,
  organizations = [],
}: Pick<LeafProfile, "commonName" | "organizations">): JsonName {
  return [
    ...(organizations.length === 0 ? [] : [{ O: [...organizations] }]),
    ...(commonName === undefined ? [] : [{ CN: [commonName] }]),
  ];
}

function alternativeNames({
  addresses = [],
  names = [],
}: Pick<LeafProfile, "addresses" | "names">): Extension[] {
  const all: JsonGeneralName[] = [
    ...addresses.map((value): JsonGeneralName => ({ type: "ip", value })),
    ...names.map((value): JsonGeneralName => ({ type: "dns", value })),
  ];
  return all.length === 0 ? [] : [new SubjectAlternativeNameExtension(all)];
}

function validity(now: number, hours: number, backdateSeconds = 0): { notBefore: Date; notAfter: Date } {
  // Certificates have whole seconds.
  const start = Math.floor(now / 1000) * 1000 - backdateSeconds * 1000;
  return { notBefore: new Date(start), notAfter: new Date(start + hours * 3_600_000) };
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function generateKeys(algorithm: KeyAlgorithm): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(GENERATE[algorithm], true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
}

function algorithmOf(key: KeyObject): KeyAlgorithm {
  if (key.asymmetricKeyType === "ed25519") return "Ed25519";
  return key.asymmetricKeyType === "ec" ? "P-256" : "RSA";
}

function importKey(key: KeyObject): webcrypto.CryptoKey {
  return key.toCryptoKey(GENERATE[algorithmOf(key)], true, ["sign"]);
}

function signingAlgorithm(key: webcrypto.CryptoKey): { name: string; hash: string } {
  return { name: key.algorithm.name, hash: "SHA-256" };
}

function pair(certificate: X509Certificate, key: webcrypto.CryptoKey): PemPair {
  return { crt: certificatePem(certificate), key: keyPem(key) };
}

function certificatePem(certificate: X509Certificate): string {
  return encodePem("CERTIFICATE", new Uint8Array(certificate.rawData));
}

function keyPem(key: webcrypto.CryptoKey): string {
  const object = KeyObject.from(key);
  const algorithm = algorithmOf(object);
  if (algorithm === "Ed25519") {
    return encodePem("ED25519 PRIVATE KEY", object.export({ type: "pkcs8", format: "der" }));
  }
  return algorithm === "P-256"
    ? encodePem("EC PRIVATE KEY", object.export({ type: "sec1", format: "der" }))
    : encodePem("RSA PRIVATE KEY", object.export({ type: "pkcs1", format: "der" }));
}
