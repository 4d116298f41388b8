import type { TalosType } from "../talos/authority-types.ts";
import "reflect-metadata";
import { KeyObject, randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { NextAuthority } from "../resources/model/desired.ts";
import { pem } from "./pem.ts";
import { seal } from "./seal.ts";
import { serialNumber } from "./serial-number.ts";

/** As `talosctl gen secrets` makes them (reference talos-rotation 3.4, 7); the label is the one that Talos reads. */
const PROFILES = {
  talos: {
    organization: "talos",
    algorithm: { name: "Ed25519" },
    label: "ED25519 PRIVATE KEY",
    form: "pkcs8",
  },
  kubernetes: {
    organization: "kubernetes",
    algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    label: "EC PRIVATE KEY",
    form: "sec1",
  },
} as const satisfies Readonly<Record<TalosType, object>>;

const VALIDITY_MS = 10 * 365 * 24 * 3_600_000;

/** A machine whose clock is behind would refuse a CA that is not valid yet (reference talos-rotation 5.2). */
const BACKDATED_MS = 10 * 60_000;

/** Makes the next CA. Its private key is in the clear only inside of this function. */
export async function makeNextAuthority(
  type: TalosType,
  { now, recipients }: { readonly now: Date; readonly recipients: readonly string[] },
): Promise<NextAuthority> {
  const { organization, algorithm, label, form } = PROFILES[type];
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const name = [{ O: [organization] }];
  // Certificates have whole seconds.
  const start = Math.floor(now.getTime() / 1000) * 1000 - BACKDATED_MS;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    notBefore: new Date(start),
    notAfter: new Date(start + VALIDITY_MS),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: { name: algorithm.name, hash: "SHA-256" },
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new BasicConstraintsExtension(true, undefined, true),
      // Old and new CA have the same name: only this and the signature tell which one issued a certificate.
      new SubjectKeyIdentifierExtension(randomBytes(20).toString("hex")),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: form, format: "der" });
  return {
    certificate: pem("CERTIFICATE", new Uint8Array(certificate.rawData)),
    key: await seal(recipients, pem(label, key)),
  };
}
