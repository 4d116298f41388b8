import "reflect-metadata";
import { createHash, generateKeyPairSync, type JsonWebKey, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { AuthorityKey, Fingerprint } from "../../src/rotation/observation.ts";

/** X.509 for tests: authorities the way Teleport makes them, and what they issue. */
export interface TestAuthority {
  readonly name: string;
  readonly certificate: string;
  /** As a platform would report it. */
  readonly key: AuthorityKey;
  issue(options?: IssueOptions): Promise<Issued>;
  /** An intermediate authority below this one; with the keys of another one, that one's override. */
  intermediate(name: string, keys?: webcrypto.CryptoKeyPair): Promise<TestAuthority>;
}

interface IssueOptions {
  readonly name?: string;
  /** Days from now; negative makes an expired certificate. */
  readonly days?: number;
}

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

interface AuthorityOptions {
  /** The same key with other names, or the same name with another key: what a comparison by name falls for. */
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly subject?: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 86_400_000;

/** A key of a CA that signs tokens, as a platform reports it and as a key set lists it. */
export function makeJwtKey(): { readonly key: AuthorityKey; readonly jwk: JsonWebKey } {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ type: "spki", format: "der" });
  return {
    key: {
      protocol: "jwt",
      fingerprint: `sha256:${createHash("sha256").update(der).digest("hex")}`,
      algorithm: "ECDSA P-256",
      storage: "software",
      material: publicKey.export({ type: "spki", format: "pem" }).toString(),
    },
    jwk: publicKey.export({ format: "jwk" }),
  };
}

/** Teleport puts the serial number into the subject, so that no two of its CAs share a name. */
export async function makeAuthority(name: string, options: AuthorityOptions = {}): Promise<TestAuthority> {
  const keys = options.keys ?? (await makeKeys());
  const serialNumber = randomSerial();
  const subject = options.subject ?? `O=acme.cluster, CN=acme.cluster, 2.5.4.5=${serialNumber}`;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: subject,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 3650 * DAY),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: authorityExtensions(),
  });
  return authority(name, certificate, keys);
}

export async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

async function authority(
  name: string,
  certificate: x509.X509Certificate,
  keys: webcrypto.CryptoKeyPair,
): Promise<TestAuthority> {
  const sign = async (
    subject: string,
    publicKey: webcrypto.CryptoKey,
    days: number,
    extensions: x509.Extension[],
  ): Promise<x509.X509Certificate> =>
    x509.X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject,
      issuer: certificate.subject,
      notBefore: new Date(Date.now() - 400 * DAY),
      notAfter: new Date(Date.now() + days * DAY),
      signingKey: keys.privateKey,
      publicKey,
      signingAlgorithm: ALGORITHM,
      extensions,
    });
  return {
    name,
    certificate: pem(certificate),
    key: {
      protocol: "tls",
      fingerprint: await fingerprint(certificate.publicKey),
      algorithm: "ECDSA P-256",
      storage: "software",
      material: pem(certificate),
    },
    async issue({ name: subject = "localhost", days = 90 } = {}) {
      const leaf = await makeKeys();
      const issued = await sign(`CN=${subject}`, leaf.publicKey, days, [
        new x509.BasicConstraintsExtension(false),
        new x509.SubjectAlternativeNameExtension([
          { type: "dns", value: "localhost" },
          { type: "ip", value: "127.0.0.1" },
        ]),
      ]);
      return { certificate: pem(issued), key: await privatePem(leaf.privateKey) };
    },
    async intermediate(subject, given) {
      const below = given ?? (await makeKeys());
      return authority(
        subject,
        await sign(`CN=${subject}`, below.publicKey, 365, authorityExtensions()),
        below,
      );
    },
  };
}

function authorityExtensions(): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
}

function randomSerial(): string {
  return `4${Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString("hex")}`.padStart(18, "0");
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function fingerprint(key: x509.PublicKey): Promise<Fingerprint> {
  const digest = await webcrypto.subtle.digest("SHA-256", key.rawData);
  return `sha256:${Buffer.from(digest).toString("hex")}`;
}
