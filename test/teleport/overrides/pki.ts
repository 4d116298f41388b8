import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  Pkcs10CertificateRequestGenerator,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "@peculiar/x509";
import type { AuthorityKey, LiveAuthority } from "../../../src/rotation/observation.ts";
import { NEVER_ROTATED } from "../../../src/rotation/observation.ts";
import type { Phase } from "../../../src/rotation/phase.ts";
import { readCertificatePem } from "../../../src/teleport/overrides/strict-pem.ts";
import { readCertificate } from "../../../src/x509/decode.ts";
import type { KeyHash } from "../../../src/x509/spki.ts";
import { fingerprintOfHash } from "../../../src/x509/spki.ts";

/** The present of every test. */
export const NOW = Date.parse("2026-11-21T12:00:00Z");
export const CLUSTER = "mycluster";
export const YEAR = 365 * 86_400_000;
export const DAY = 86_400_000;
/** End of every self-signed Teleport certificate here. */
export const BOUND = NOW + 10 * YEAR;

export const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
export const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

type Keys = webcrypto.CryptoKeyPair;
type KeyAlgorithm = webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams | { readonly name: "Ed25519" };
type SigningAlgorithm = { readonly name: string; readonly hash?: string; readonly saltLength?: number };

export async function newKeys(algorithm: KeyAlgorithm = P256): Promise<Keys> {
  return (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as Keys;
}

/** A certificate together with its key: what can sign the next one. */
export interface Issuer {
  readonly pem: string;
  readonly name: Name;
  readonly keys: Keys;
  readonly algorithm: SigningAlgorithm;
}

/** Whatever is left out is as a careful external CA would make it; `null` leaves an extension out. */
export interface Recipe {
  readonly subject?: string | JsonName | Name;
  readonly issuerName?: string | JsonName | Name;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly serial?: string;
  readonly basic?: { readonly ca: boolean; readonly pathLength?: number; readonly critical?: boolean } | null;
  readonly usage?: { readonly flags: number; readonly critical?: boolean } | null;
  readonly extendedUsage?: readonly string[];
  readonly subjectKeyId?: boolean;
  readonly authorityKeyId?: boolean | string;
  readonly extra?: readonly Extension[];
  readonly algorithm?: SigningAlgorithm;
}

export const SIGN_BOTH = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

let serial = 4096;

export async function certify(keys: Keys, signer: Issuer | null, recipe: Recipe = {}): Promise<Issuer> {
  const basic = recipe.basic === undefined ? { ca: true } : recipe.basic;
  const usage = recipe.usage === undefined ? { flags: SIGN_BOTH } : recipe.usage;
  const signingKeys = signer?.keys ?? keys;
  const aki = recipe.authorityKeyId ?? signer !== null;
  const extensions = [
    basic === null ? null : new BasicConstraintsExtension(basic.ca, basic.pathLength, basic.critical ?? true),
    usage === null ? null : new KeyUsagesExtension(usage.flags, usage.critical ?? true),
    recipe.extendedUsage ? new ExtendedKeyUsageExtension([...recipe.extendedUsage]) : null,
    recipe.subjectKeyId === false ? null : await SubjectKeyIdentifierExtension.create(keys.publicKey),
    typeof aki === "string"
      ? new AuthorityKeyIdentifierExtension(aki)
      : aki
        ? await AuthorityKeyIdentifierExtension.create(signingKeys.publicKey)
        : null,
    ...(recipe.extra ?? []),
  ].filter((extension) => extension !== null);
  const subject = recipe.subject ?? `O=${CLUSTER}, CN=${CLUSTER} override`;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: recipe.serial ?? (serial++).toString(16),
    subject,
    issuer: recipe.issuerName ?? signer?.name ?? subject,
    notBefore: new Date(recipe.notBefore ?? NOW - 20 * DAY),
    notAfter: new Date(recipe.notAfter ?? NOW + 9 * YEAR),
    publicKey: keys.publicKey,
    signingKey: signingKeys.privateKey,
    signingAlgorithm: recipe.algorithm ?? signer?.algorithm ?? P256,
    extensions,
  });
  return {
    pem: `${certificate.toString("pem")}\n`,
    name: certificate.subjectName,
    keys,
    algorithm: algorithmOf(keys),
  };
}

function algorithmOf(keys: Keys): SigningAlgorithm {
  const { name } = keys.publicKey.algorithm;
  return name === "ECDSA" ? P256 : name === "Ed25519" ? { name } : { ...RSA, name };
}

export async function crlOf(issuer: Issuer, nextUpdate = BOUND, thisUpdate = NOW - 60_000): Promise<string> {
  const crl = await X509CrlGenerator.create({
    issuer: issuer.name,
    thisUpdate: new Date(thisUpdate),
    nextUpdate: new Date(nextUpdate),
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: issuer.algorithm,
  });
  return `${crl.toString("pem")}\n`;
}

export async function csrOf(keys: Keys, name = `O=${CLUSTER}, CN=${CLUSTER}`): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: P256 });
  return `${request.toString("pem")}\n`;
}

export function keyHash({ pem }: { readonly pem: string }): KeyHash {
  return parse(pem).keyHash;
}

/** Through the code under test: throws when it cannot be read. */
export function parse(pem: string) {
  const { der } = readCertificatePem(pem);
  const certificate = der === null ? null : readCertificate(der).certificate;
  if (certificate === null) throw new Error(`unreadable: ${pem}`);
  return certificate;
}

/** One generation of a Teleport CA: its key and its self-signed certificate. */
export async function teleportKey(notAfter = BOUND): Promise<Issuer> {
  return certify(await newKeys(), null, {
    subject: `2.5.4.5=${serial++}, O=${CLUSTER}, CN=${CLUSTER}`,
    notAfter,
    authorityKeyId: false,
  });
}

export function authorityOf(
  phase: Phase,
  active: readonly Issuer[],
  trusted: readonly Issuer[] = [],
  { type = "db_client", storage = "software" }: { readonly type?: string; readonly storage?: string } = {},
): LiveAuthority {
  const keyOf = (issuer: Issuer): AuthorityKey => {
    const {
      subject,
      issuer: by,
      serial: number,
      notBefore,
      notAfter,
    } = {
      ...parse(issuer.pem),
      subject: "",
      issuer: "",
    };
    return {
      protocol: "tls",
      fingerprint: fingerprintOfHash(keyHash(issuer)),
      algorithm: "ECDSA P-256",
      storage,
      material: issuer.pem,
      certificate: { subject, issuer: by, serial: number, notBefore, notAfter },
    };
  };
  return {
    type,
    cluster: CLUSTER,
    active: active.map(keyOf),
    trusted: trusted.map(keyOf),
    rotation: {
      ...NEVER_ROTATED,
      state: phase === "standby" ? "standby" : "in_progress",
      phase,
      mode: phase === "standby" ? null : "manual",
    },
  };
}

export interface EntryText {
  readonly public_key?: string;
  readonly certificate?: string;
  readonly chain?: readonly string[];
  readonly disabled?: boolean;
}

export function documentWith(entries: readonly unknown[], around: Record<string, unknown> = {}): unknown {
  return {
    kind: "cert_authority_override",
    sub_kind: "db_client",
    version: "v1",
    metadata: { name: CLUSTER },
    spec: { certificate_overrides: entries },
    ...around,
  };
}

/** DER of a PEM text, for tests that damage it. */
export function derOfPem(pem: string): Buffer {
  return Buffer.from(new X509Certificate(pem).rawData);
}

export function pemOfDer(der: Uint8Array, type = "CERTIFICATE"): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${type}-----\n${lines.join("\n")}\n-----END ${type}-----\n`;
}
