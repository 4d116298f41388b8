import "reflect-metadata";
import { createHash, generateKeyPairSync, type KeyObject, webcrypto } from "node:crypto";
import { BasicConstraintsExtension, type X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import type { Fingerprint } from "../../src/rotation/observation.ts";

/** Real keys of every kind that Teleport uses, made when a test asks for them. */
export interface TestKey {
  /** As Teleport stores it: PEM certificate, OpenSSH line, or PEM public key. */
  readonly text: string;
  /** As `tctl get` prints it. */
  readonly base64: string;
  /** Computed without the code under test. */
  readonly fingerprint: Fingerprint;
}

const ALGORITHMS = {
  "RSA 2048": {
    web: {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    pair: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  },
  "ECDSA P-256": {
    web: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    pair: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  },
  "ECDSA P-384": {
    web: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
    pair: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  },
  "ECDSA P-521": {
    web: { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
    pair: () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
  },
  Ed25519: { web: { name: "Ed25519" }, pair: () => generateKeyPairSync("ed25519") },
} as const;

export type Algorithm = keyof typeof ALGORITHMS;

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as Algorithm[];

export function fingerprintOf(spki: ArrayBuffer | Uint8Array): Fingerprint {
  return `sha256:${createHash("sha256").update(new Uint8Array(spki)).digest("hex")}`;
}

interface CertificateOptions {
  readonly algorithm?: Algorithm;
  readonly name?: string;
  readonly ca?: boolean;
  readonly notAfter?: Date;
}

export async function makeCertificate(
  options: CertificateOptions = {},
): Promise<TestKey & { readonly privatePem: string }> {
  const { algorithm = "ECDSA P-256", name = "acme.cluster", ca = true } = options;
  const { web } = ALGORITHMS[algorithm];
  const keys = (await webcrypto.subtle.generateKey(web, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate: X509Certificate = await X509CertificateGenerator.createSelfSigned({
    name: `O=${name}, CN=${name}`,
    notBefore: new Date("2026-11-21T08:00:00Z"),
    notAfter: options.notAfter ?? new Date("2036-11-18T08:00:00Z"),
    keys,
    signingAlgorithm: web,
    extensions: [new BasicConstraintsExtension(ca, undefined, true)],
  });
  const text = `${certificate.toString("pem")}\n`;
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    text,
    base64: Buffer.from(text).toString("base64"),
    fingerprint: fingerprintOf(certificate.publicKey.rawData),
    privatePem: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}

export function makeJwtKey(algorithm: Algorithm = "ECDSA P-256"): TestKey {
  const { publicKey } = ALGORITHMS[algorithm].pair();
  const text = publicKey.export({ type: "spki", format: "pem" }) as string;
  return { text, base64: Buffer.from(text).toString("base64"), fingerprint: spkiFingerprint(publicKey) };
}

export function makeSshKey(algorithm: Algorithm = "Ed25519"): TestKey {
  const { publicKey } = ALGORITHMS[algorithm].pair();
  const text = `${sshLine(publicKey)}\n`;
  return { text, base64: Buffer.from(text).toString("base64"), fingerprint: spkiFingerprint(publicKey) };
}

function spkiFingerprint(key: KeyObject): Fingerprint {
  return fingerprintOf(key.export({ type: "spki", format: "der" }));
}

function sshLine(key: KeyObject): string {
  const jwk = key.export({ format: "jwk" });
  const field = (name: "n" | "e" | "x" | "y") => Buffer.from(jwk[name] ?? "", "base64url");
  switch (jwk.kty) {
    case "RSA":
      return encode("ssh-rsa", positive(field("e")), positive(field("n")));
    case "EC": {
      const curve = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" }[jwk.crv as "P-256"];
      const point = Buffer.concat([Buffer.from([4]), field("x"), field("y")]);
      return encode(`ecdsa-sha2-${curve}`, Buffer.from(curve), point);
    }
    default:
      return encode("ssh-ed25519", field("x"));
  }
}

function encode(name: string, ...fields: readonly Buffer[]): string {
  const parts = [Buffer.from(name), ...fields].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return `${name} ${Buffer.concat(parts).toString("base64")}`;
}

function positive(integer: Buffer): Buffer {
  return (integer[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), integer]) : integer;
}
