import "reflect-metadata";
import { KeyObject } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { TeleportCluster } from "./cluster.ts";
import { type IssuedCertificate, newKeyPair, newSerial, privatePem } from "./keys.ts";

const LIFETIME_MS = 12 * 3_600_000;

/**
 * What the Database Service presents to a database for one session: a certificate by the db_client CA's active key.
 * When an enabled override stands for that key, the override is the issuer and comes along with its chain, leaf
 * first (#66770); without one, only the leaf goes out, issued in the name of the CA's own certificate.
 */
export async function issueDatabaseClient(
  cluster: TeleportCluster,
  user: string,
): Promise<IssuedCertificate> {
  const key = cluster.authorities.current("db_client")?.active.find(({ tls }) => tls !== null)?.tls;
  if (key === undefined || key === null) throw new Error("the cluster has no db_client key that signs");
  const override = cluster.overrides.inForce("db_client", key.fingerprint.slice("sha256:".length));
  const issuer = new X509Certificate(override?.certificate ?? key.certificate);
  const now = cluster.options.clock.now();
  const keys = await newKeyPair("ECDSA P-256");
  const leaf = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [user] }],
    issuer: issuer.subjectName,
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + LIFETIME_MS),
    publicKey: keys.publicKey,
    signingKey: key.keys.privateKey,
    signingAlgorithm: { name: key.keys.privateKey.algorithm.name, hash: "SHA-256" },
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      new BasicConstraintsExtension(false, undefined, true),
      await AuthorityKeyIdentifierExtension.create(key.keys.publicKey),
    ],
  });
  const presented = override === null ? [] : [override.certificate ?? "", ...override.chain];
  const certificate = [leaf.toString("pem"), ...presented].map((pem) => `${pem.trim()}\n`).join("");
  return { certificate, key: privatePem(KeyObject.from(keys.privateKey)) };
}
