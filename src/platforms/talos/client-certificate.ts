import "reflect-metadata";
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { pem } from "../../sealing/pem.ts";
import { serialNumber } from "../../sealing/serial-number.ts";

/** A CA with its key, as PEM. Only ever in memory. */
export interface Signing {
  readonly certificate: string;
  readonly key: string;
}

export interface ClientProfile {
  readonly organization: string;
  readonly commonName?: string;
  readonly now: Date;
}

const YEAR_MS = 365 * 24 * 3_600_000;

/** A machine whose clock is a little behind must not refuse it (reference talos-rotation 5.2). */
const BACKDATED_MS = 10 * 60_000;

const ALGORITHMS = {
  ed25519: { name: "Ed25519" },
  ec: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
} as const;

/**
 * Makes a client certificate as Talos does (reference 7): exactly the usage clientAuth, without which 1.12 and later
 * refuse it, and the identifier of its CA, without which OpenSSL mixes up two CAs of the same name.
 */
export async function signClient(
  { certificate, key }: Signing,
  { organization, commonName, now }: ClientProfile,
): Promise<{ readonly crt: string; readonly key: string }> {
  const issuer = new X509Certificate(certificate);
  const signer = createPrivateKey(key.replaceAll("ED25519 PRIVATE KEY", "PRIVATE KEY"));
  const type = signer.asymmetricKeyType;
  const kind = type === "ed25519" || type === "ec" ? type : "rsa";
  const algorithm = ALGORITHMS[kind];
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const start = Math.floor(now.getTime() / 1000) * 1000 - BACKDATED_MS;
  const identifier = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  const leaf = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ O: [organization] }, ...(commonName === undefined ? [] : [{ CN: [commonName] }])],
    issuer: issuer.subjectName,
    notBefore: new Date(start),
    notAfter: new Date(start + YEAR_MS),
    publicKey: keys.publicKey,
    signingKey: signer.toCryptoKey(algorithm, true, ["sign"]),
    signingAlgorithm: { name: algorithm.name, hash: "SHA-256" },
    extensions: [
      new KeyUsagesExtension(
        kind === "ed25519"
          ? KeyUsageFlags.digitalSignature
          : KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
        true,
      ),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ...(identifier === undefined ? [] : [new AuthorityKeyIdentifierExtension(identifier)]),
    ],
  });
  const private_ = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "der" });
  return {
    crt: pem("CERTIFICATE", new Uint8Array(leaf.rawData)),
    key: pem(kind === "ed25519" ? "ED25519 PRIVATE KEY" : "PRIVATE KEY", private_),
  };
}
