import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { type KeyAlgorithm, type KeyPair, newKeyPair } from "../key-pair.ts";
import { encodePem } from "../pem.ts";
import {
  alternativeNames,
  authorityKeyId,
  basicConstraints,
  distinguishedName,
  extendedKeyUsage,
  keyIdOf,
  keyUsage,
  type NameParts,
  newSerial,
  signedCertificate,
  subjectIn,
  subjectKeyId,
} from "../signed-certificate.ts";
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
  readonly publicKey: KeyObject;
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

const YEAR_MS = 365 * 24 * 3_600_000;

/** SSH and JWT keys of the old releases are RSA like everything else there. */
const ALGORITHMS: Readonly<Record<TctlDialect, Readonly<Record<"ssh" | "tls" | "jwt", KeyAlgorithm>>>> = {
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
  readonly subject: NameParts;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly usages: readonly ("server" | "client")[];
  readonly ttlMs: number;
}

/** Signs a certificate, for a new key unless there is one. */
export async function issueCertificate(
  authority: TlsKey,
  { subject, names, usages, ttlMs }: CertificateRequest,
  now: number,
  given?: KeyPair,
): Promise<IssuedCertificate> {
  const { publicKey, privateKey } = given ?? (await newKeyPair("ECDSA P-256"));
  const certificate = signedCertificate(
    {
      serial: newSerial(),
      subject: distinguishedName(subject),
      issuer: subjectIn(new X509Certificate(authority.certificate).raw),
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + ttlMs),
      publicKey,
      extensions: [
        keyUsage("digitalSignature", "keyEncipherment"),
        extendedKeyUsage(...usages.map((usage) => USAGES[usage])),
        basicConstraints(false),
        ...(names.length === 0 ? [] : [alternativeNames(names)]),
        authorityKeyId(keyIdOf(authority.publicKey)),
      ],
    },
    authority.privateKey,
  );
  return { certificate: encodePem("CERTIFICATE", certificate), key: privatePem(privateKey) };
}

const USAGES = { server: "serverAuth", client: "clientAuth" } as const;

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
  algorithm: KeyAlgorithm,
  cluster: string,
  now: number,
  dialect: TctlDialect,
): Promise<TlsKey> {
  const { publicKey, privateKey } = await newKeyPair(algorithm);
  const serial = newSerial();
  // Go's `pkix.Name`: the serial number is an attribute of the subject too, in decimal.
  const name = distinguishedName([
    { O: [cluster] },
    { CN: [cluster] },
    { "2.5.4.5": [BigInt(`0x${serial.toString("hex")}`).toString()] },
  ]);
  const certificate = signedCertificate(
    {
      serial,
      subject: name,
      issuer: name,
      notBefore: new Date(now),
      notAfter: new Date(now + 10 * YEAR_MS),
      publicKey,
      extensions: [
        dialect === "v5"
          ? keyUsage("digitalSignature", "keyEncipherment", "keyCertSign")
          : keyUsage("keyCertSign", "cRLSign"),
        basicConstraints(true),
        subjectKeyId(keyIdOf(publicKey)),
      ],
    },
    privateKey,
  );
  return {
    certificate: encodePem("CERTIFICATE", certificate),
    fingerprint: pinOf(publicKey),
    algorithm,
    publicKey,
    privateKey,
  };
}

async function sshKey(algorithm: KeyAlgorithm): Promise<SshKey> {
  const { publicKey, privateKey } = await newKeyPair(algorithm);
  return { line: authorizedKeysLine(publicKey), algorithm, privateKey };
}

async function jwtKey(algorithm: KeyAlgorithm): Promise<JwtKey> {
  const { publicKey, privateKey } = await newKeyPair(algorithm);
  return {
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    algorithm,
    privateKey,
  };
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
