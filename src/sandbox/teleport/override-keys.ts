import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  X509Certificate,
  X509Crl,
  X509CrlGenerator,
} from "@peculiar/x509";
import type { KeyGeneration, TlsKey } from "./keys.ts";

/** A key with the auth server that alone can sign with it; `null`: all of them can. */
export interface HeldKey {
  readonly tls: TlsKey;
  readonly holder: KeyGeneration["holder"];
}

/** A certificate request, for a key by its hash. */
export interface SignedRequest {
  readonly keyHash: string;
  readonly pem: string;
}

const CLOCK_SKEW_MS = 2 * 60_000;

/** As the library wants them. */
export function cryptoKeys({ publicKey, privateKey }: TlsKey): webcrypto.CryptoKeyPair {
  const algorithm =
    privateKey.asymmetricKeyType === "rsa"
      ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      : { name: "ECDSA", namedCurve: "P-256" };
  return {
    publicKey: publicKey.toCryptoKey(algorithm, true, ["verify"]),
    privateKey: privateKey.toCryptoKey(algorithm, true, ["sign"]),
  };
}

export function hashOf({ tls }: HeldKey): string {
  return tls.fingerprint.slice("sha256:".length);
}

export async function requestFor(key: HeldKey): Promise<SignedRequest> {
  const { certificate } = key.tls;
  const keys = cryptoKeys(key.tls);
  const subject = new X509Certificate(certificate).subjectName.toJSON();
  const request = await Pkcs10CertificateRequestGenerator.create({
    // Without the serial number that the CA's own subject carries.
    name: subject.filter((rdn) => rdn["2.5.4.5"] === undefined && rdn["serialNumber"] === undefined),
    keys,
    signingAlgorithm: { name: keys.privateKey.algorithm.name, hash: "SHA-256" },
  });
  return { keyHash: hashOf(key), pem: `${request.toString("pem")}\n` };
}

/** The list of nothing revoked that stands beside an override. */
export async function signCrl({ tls }: HeldKey, certificate: X509Certificate, now: number): Promise<string> {
  const { privateKey } = cryptoKeys(tls);
  const crl = await X509CrlGenerator.create({
    issuer: certificate.subjectName,
    thisUpdate: new Date(now - 60_000),
    nextUpdate: new X509Certificate(tls.certificate).notAfter,
    signingKey: privateKey,
    signingAlgorithm: { name: privateKey.algorithm.name, hash: "SHA-256" },
  });
  // The library's own label is another one than Go's.
  return `${PemConverter.encode(crl.rawData, "X509 CRL")}\n`;
}

/** Whether a stored list is still one of this certificate, and long enough. */
export async function stillHolds(pem: string, certificate: X509Certificate, now: number): Promise<boolean> {
  const crl = new X509Crl(pem);
  return (
    crl.thisUpdate.getTime() <= now + CLOCK_SKEW_MS &&
    crl.nextUpdate !== undefined &&
    crl.nextUpdate >= certificate.notAfter &&
    crl.issuer === certificate.subject &&
    (await crl.verify({ publicKey: certificate.publicKey }))
  );
}
