import { X509Certificate } from "node:crypto";
import { newKeyPair } from "../key-pair.ts";
import type { Agent } from "./agent.ts";
import type { StoredAuthority } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { ComponentRole } from "./component-role.ts";
import { hostAuthorityLine } from "./export.ts";
import { CERTIFICATES } from "./identity-certificate.ts";
import { issueCertificate, pinOf, type SshKey, type TlsKey } from "./keys.ts";
import { sshUserCertificate } from "./ssh-certificate.ts";
import { TctlRefusal } from "./tctl-command.ts";

/**
 * What `auth sign --user` writes: a private key, its SSH and X.509 certificates of the user CA, and the host CAs that its
 * owner is to trust, all of them as of now.
 */
export async function identityFile(cluster: TeleportCluster, user: string, ttlMs: number): Promise<string> {
  const { clock, dialect, name } = cluster.options;
  const now = clock.now();
  const signers = cached(cluster, "user").active;
  const tls = signers.map((generation) => generation.tls).find((key): key is TlsKey => key !== null);
  const ssh = signers.map((generation) => generation.ssh).find((key): key is SshKey => key !== null);
  if (tls === undefined || ssh === undefined) throw new TctlRefusal("no key of the user authority can sign");
  const keys = await newKeyPair(dialect === "v18" ? "ECDSA P-256" : "RSA 2048");
  const request = {
    subject: [{ L: [user] }, { O: ["editor"] }, { CN: [user] }],
    names: [],
    usages: ["client"],
    ttlMs,
  } as const;
  const { certificate, key } = await issueCertificate(tls, request, now, keys);
  const sshCertificate = sshUserCertificate(ssh.privateKey, ssh.line, {
    subject: keys.publicKey,
    keyId: user,
    principals: [user, "-teleport-internal-join"],
    notBefore: now - 60_000,
    notAfter: now + ttlMs,
  });
  const { active, trusted } = cached(cluster, "host");
  const hosts = [...active, ...trusted];
  return [
    key,
    sshCertificate,
    certificate,
    ...hosts.map((host) => hostAuthorityLine(host, name, dialect)),
    ...hosts.map((host) => host.tls?.certificate ?? ""),
  ].join("");
}

/**
 * Why a call with this identity finds no way in, as the two ends of a TLS connection say it; `null` when they accept each
 * other. Files that hold no certificate at all are none of `auth sign`, and let in as before.
 */
export function identityProblem(
  cluster: TeleportCluster,
  file: string,
  /** Whom it dials: a process, or the first of a role. */
  dialled: ComponentRole | Agent = "auth_server",
): string | null {
  const { clock, dialect } = cluster.options;
  const certificates = [...file.matchAll(CERTIFICATES)].map(([pem]) => new X509Certificate(pem));
  const client = certificates.find(({ ca }) => !ca);
  if (client === undefined) return null;
  const trusts = new Set(certificates.filter(({ ca }) => ca).map((one) => pinOf(one.publicKey)));
  // The client looks first.
  const other =
    typeof dialled === "string" ? cluster.agents.find(({ spec }) => spec.roles.includes(dialled)) : dialled;
  const server = other?.issuers.server;
  if (server !== undefined && !trusts.has(server)) return "x509: certificate signed by unknown authority";
  const isOld = dialect === "v5";
  if (!isSignedBy(client, cluster.authorities.current("user"))) {
    return `remote error: tls: ${isOld ? "bad certificate" : "unknown certificate authority"}`;
  }
  if (Date.parse(client.validTo) < clock.now()) {
    return `remote error: tls: ${isOld ? "bad certificate" : "expired certificate"}`;
  }
  return null;
}

function isSignedBy(client: X509Certificate, authority: StoredAuthority | undefined): boolean {
  if (authority === undefined) return false;
  return [...authority.active, ...authority.trusted].some(
    ({ tls }) => tls !== null && client.verify(new X509Certificate(tls.certificate).publicKey),
  );
}

function cached(cluster: TeleportCluster, type: string): StoredAuthority {
  const authority = cluster.authorities.cached(type);
  if (authority === undefined) throw new TctlRefusal(`"${type}" authority type is not supported`);
  return authority;
}
