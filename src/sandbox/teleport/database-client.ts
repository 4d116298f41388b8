import { X509Certificate } from "node:crypto";
import { newKeyPair } from "../key-pair.ts";
import { encodePem } from "../pem.ts";
import {
  authorityKeyId,
  basicConstraints,
  distinguishedName,
  extendedKeyUsage,
  keyIdOf,
  keyUsage,
  newSerial,
  signedCertificate,
  subjectIn,
} from "../signed-certificate.ts";
import type { TeleportCluster } from "./cluster.ts";
import { type IssuedCertificate, privatePem } from "./keys.ts";

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
  const { publicKey, privateKey } = await newKeyPair("ECDSA P-256");
  const leaf = signedCertificate(
    {
      serial: newSerial(),
      subject: distinguishedName([{ CN: [user] }]),
      issuer: subjectIn(issuer.raw),
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + LIFETIME_MS),
      publicKey,
      extensions: [
        keyUsage("digitalSignature"),
        extendedKeyUsage("clientAuth"),
        basicConstraints(false),
        authorityKeyId(keyIdOf(key.publicKey)),
      ],
    },
    key.privateKey,
  );
  const presented = override === null ? [] : [override.certificate ?? "", ...override.chain];
  const certificate = [encodePem("CERTIFICATE", leaf), ...presented].map((pem) => `${pem.trim()}\n`).join("");
  return { certificate, key: privatePem(privateKey) };
}
