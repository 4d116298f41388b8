import { KeyObject, randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "./library.ts";
import { toPem } from "./pem.ts";
import { privateKeyPem, readPrivateKey } from "./private-key.ts";
import type { AuthorityProfile, ClientProfile, Signing } from "./what-is-made.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

/** A machine whose clock is a little behind must not refuse what is new (reference talos-rotation 5.2). */
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

type KeyKind = keyof typeof ALGORITHMS;

/** See `makeAuthority`: a root as `talosctl gen secrets` makes them (reference talos-rotation 3.4, 7). */
export async function signAuthority(profile: AuthorityProfile, now: Date): Promise<Signing> {
  const keys = await newKeys(profile.keys);
  const name = [{ O: [profile.organization] }];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    ...validity(now, profile.validForMs),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: signingAlgorithm(profile.keys),
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new BasicConstraintsExtension(true, undefined, true),
      // Old and new CA have the same name: only this and the signature tell which one issued a certificate.
      new SubjectKeyIdentifierExtension(randomBytes(20).toString("hex")),
    ],
  });
  return {
    certificate: certificatePem(certificate),
    key: privateKeyPem(KeyObject.from(keys.privateKey), profile.form),
  };
}

/**
 * See `makeClient`. As Talos does it (reference talos-rotation 7): exactly the usage clientAuth, without
 * which 1.12 and later refuse it, and the identifier of its CA, without which OpenSSL mixes up two CAs of the
 * same name.
 */
export async function signClient(
  { certificate, key }: Signing,
  { organization, commonName, now }: ClientProfile,
): Promise<{ readonly crt: string; readonly key: string }> {
  const issuer = new X509Certificate(certificate);
  const signer = readPrivateKey(key);
  const kind = kindOf(signer);
  const keys = await newKeys(kind);
  const identifier = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  const leaf = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ O: [organization] }, ...(commonName === undefined ? [] : [{ CN: [commonName] }])],
    issuer: issuer.subjectName,
    ...validity(now, YEAR_MS),
    publicKey: keys.publicKey,
    signingKey: signer.toCryptoKey(ALGORITHMS[kind], true, ["sign"]),
    signingAlgorithm: signingAlgorithm(kind),
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
  return {
    crt: certificatePem(leaf),
    key: privateKeyPem(KeyObject.from(keys.privateKey), kind === "ed25519" ? "ed25519" : "pkcs8"),
  };
}

function kindOf({ asymmetricKeyType: type }: KeyObject): KeyKind {
  return type === "ed25519" || type === "ec" ? type : "rsa";
}

async function newKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = ALGORITHMS[kind];
  return (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

function signingAlgorithm(kind: KeyKind): { readonly name: string; readonly hash: string } {
  return { name: ALGORITHMS[kind].name, hash: "SHA-256" };
}

function validity(now: Date, lengthMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  // Certificates have whole seconds.
  const start = Math.floor(now.getTime() / 1000) * 1000 - BACKDATED_MS;
  return { notBefore: new Date(start), notAfter: new Date(start + lengthMs) };
}

/** 128 bits, positive and without a leading zero. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString("hex");
}

function certificatePem(certificate: X509Certificate): string {
  return toPem("CERTIFICATE", new Uint8Array(certificate.rawData));
}
