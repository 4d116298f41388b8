import "reflect-metadata";
import { createHash, KeyObject, randomBytes, type webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { TctlDialect } from "./rotation-machine.ts";
import { mpint, sshString } from "./ssh-certificate.ts";

/**
 * One generation of a CA's keys: what `init` adds and the last standby drops, as a whole. Every auth server
 * with an HSM adds one of its own.
 */
export interface KeyGeneration {
  readonly storage: "software" | "PKCS#11 HSM";
  /** The auth server that alone can sign with them, by its number; `null`: all of them can. */
  readonly holder: number | null;
  readonly ssh: SshKey | null;
  readonly tls: TlsKey | null;
  readonly jwt: JwtKey | null;
}

/** A CA pin: SHA-256 of the SubjectPublicKeyInfo, in hex. */
export type Pin = `sha256:${string}`;

export interface SshKey {
  /** The line of an authorized_keys file, without a comment. */
  readonly line: string;
  readonly algorithm: string;
  readonly privateKey: KeyObject;
}

export interface TlsKey {
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the SubjectPublicKeyInfo: the CA pin. */
  readonly fingerprint: Pin;
  readonly algorithm: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly privateKey: KeyObject;
}

interface JwtKey {
  /** PEM. */
  readonly publicKey: string;
  readonly algorithm: string;
  readonly privateKey: KeyObject;
}

/** A certificate of a component with its key, as Node's TLS takes them. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

type Algorithm = "RSA 2048" | "ECDSA P-256" | "Ed25519";

const YEAR_MS = 365 * 24 * 3_600_000;

const GENERATE = {
  "RSA 2048": {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
  "ECDSA P-256": { name: "ECDSA", namedCurve: "P-256" },
  Ed25519: { name: "Ed25519" },
} as const;

/** SSH and JWT keys of the old releases are RSA like everything else there. */
const ALGORITHMS: Readonly<Record<TctlDialect, Readonly<Record<"ssh" | "tls" | "jwt", Algorithm>>>> = {
  v5: { ssh: "RSA 2048", tls: "RSA 2048", jwt: "RSA 2048" },
  v11: { ssh: "RSA 2048", tls: "RSA 2048", jwt: "RSA 2048" },
  v18: { ssh: "Ed25519", tls: "ECDSA P-256", jwt: "ECDSA P-256" },
};

/** The keys of one generation are made in parallel. */
export async function generateKeys(
  protocols: readonly ("ssh" | "tls" | "jwt")[],
  cluster: string,
  now: number,
  dialect: TctlDialect,
  holder: number | null,
): Promise<KeyGeneration> {
  const algorithms = ALGORITHMS[dialect];
  const [ssh, tls, jwt] = await Promise.all([
    protocols.includes("ssh") ? sshKey(algorithms.ssh) : null,
    protocols.includes("tls") ? tlsKey(algorithms.tls, cluster, now, dialect) : null,
    protocols.includes("jwt") ? jwtKey(algorithms.jwt) : null,
  ]);
  return { storage: holder === null ? "software" : "PKCS#11 HSM", holder, ssh, tls, jwt };
}

/** Who a certificate is for, and what for. */
export interface CertificateRequest {
  /** Distinguished name, in its order. */
  readonly subject: readonly { readonly [attribute: string]: readonly string[] }[];
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly usages: readonly ("server" | "client")[];
  readonly ttlMs: number;
}

/** Signs a certificate, for a new key unless there is one. */
export async function issueCertificate(
  authority: TlsKey,
  request: CertificateRequest,
  now: number,
  given?: webcrypto.CryptoKeyPair,
): Promise<IssuedCertificate> {
  const keys = given ?? (await newKeyPair("ECDSA P-256"));
  const issuer = new X509Certificate(authority.certificate);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: request.subject.map((part) =>
      Object.fromEntries(Object.entries(part).map(([name, values]) => [name, [...values]])),
    ),
    issuer: issuer.subjectName,
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + request.ttlMs),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: { name: authority.keys.privateKey.algorithm.name, hash: "SHA-256" },
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension(request.usages.map((usage) => USAGES[usage])),
      new BasicConstraintsExtension(false, undefined, true),
      ...(request.names.length === 0
        ? []
        : [
            new SubjectAlternativeNameExtension(
              request.names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
            ),
          ]),
      await AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: privatePem(KeyObject.from(keys.privateKey)) };
}

const USAGES = { server: ExtendedKeyUsage.serverAuth, client: ExtendedKeyUsage.clientAuth } as const;

/** A certificate of a component: for serving and for dialing alike, as Teleport issues them. */
export function issueHostCertificate(
  authority: TlsKey,
  host: { readonly id: string; readonly name: string; readonly role: string; readonly cluster: string },
  now: number,
): Promise<IssuedCertificate> {
  const id = `${host.id}.${host.cluster}`;
  return issueCertificate(
    authority,
    {
      subject: [{ O: [host.role] }, { CN: [id] }],
      names: [host.name, `${host.name}.${host.cluster}`, id, "localhost", "127.0.0.1"],
      usages: ["server", "client"],
      ttlMs: 10 * YEAR_MS,
    },
    now,
  );
}

export function privatePem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

export function pinOf(key: KeyObject): Pin {
  return `sha256:${createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")}`;
}

/** The fingerprint that `tctl get cas --format=text` shows for an SSH key. */
export function sshFingerprint(line: string): string {
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

async function tlsKey(
  algorithm: Algorithm,
  cluster: string,
  now: number,
  dialect: TctlDialect,
): Promise<TlsKey> {
  const keys = await newKeyPair(algorithm);
  const serialNumber = newSerial();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber,
    // Go's `pkix.Name`: the serial number is an attribute of the subject too, in decimal.
    name: [{ O: [cluster] }, { CN: [cluster] }, { "2.5.4.5": [BigInt(`0x${serialNumber}`).toString()] }],
    notBefore: new Date(now),
    notAfter: new Date(now + 10 * YEAR_MS),
    keys,
    signingAlgorithm: { name: GENERATE[algorithm].name, hash: "SHA-256" },
    extensions: [
      new KeyUsagesExtension(
        dialect === "v5"
          ? KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyCertSign
          : KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
        true,
      ),
      new BasicConstraintsExtension(true, undefined, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: pem(certificate),
    fingerprint: pinOf(KeyObject.from(keys.publicKey)),
    algorithm,
    keys,
    privateKey: KeyObject.from(keys.privateKey),
  };
}

async function sshKey(algorithm: Algorithm): Promise<SshKey> {
  const keys = await newKeyPair(algorithm);
  return {
    line: authorizedKeysLine(KeyObject.from(keys.publicKey)),
    algorithm,
    privateKey: KeyObject.from(keys.privateKey),
  };
}

async function jwtKey(algorithm: Algorithm): Promise<JwtKey> {
  const keys = await newKeyPair(algorithm);
  return {
    publicKey: KeyObject.from(keys.publicKey).export({ type: "spki", format: "pem" }).toString(),
    algorithm,
    privateKey: KeyObject.from(keys.privateKey),
  };
}

export async function newKeyPair(algorithm: Algorithm): Promise<webcrypto.CryptoKeyPair> {
  return (await crypto.subtle.generateKey(GENERATE[algorithm], true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
}

/** 16 random bytes with the first bit clear, so that DER needs no padding and the number stays positive. */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

/** PEM as Go writes it: with a final newline. */
function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

/** RFC 4253, section 6.6, and RFC 8709: only the two kinds of keys that Teleport uses for SSH CAs. */
function authorizedKeysLine(key: KeyObject): string {
  const jwk = key.export({ format: "jwk" });
  const parts =
    jwk.kty === "RSA"
      ? ["ssh-rsa", mpint(jwk.e ?? ""), mpint(jwk.n ?? "")]
      : ["ssh-ed25519", Buffer.from(jwk.x ?? "", "base64url")];
  return `${parts[0]} ${Buffer.concat(parts.map(sshString)).toString("base64")}\n`;
}
