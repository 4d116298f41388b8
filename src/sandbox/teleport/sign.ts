import type { DatabaseLogin } from "../emulated-platform.ts";
import type { StoredAuthority } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";
import { type CertificateRequest, type IssuedCertificate, issueCertificate, type TlsKey } from "./keys.ts";
import { TctlRefusal } from "./tctl-command.ts";

/** How long a certificate of the Database Service lives: it asks for one with every connection. */
const CONNECTION_TTL_MS = 3_600_000;

/**
 * What `auth sign --format=db` gives a self-hosted database: a server certificate of the db CA, and every
 * db_client CA that signs now or may sign later.
 */
export async function signForDatabase(
  cluster: TeleportCluster,
  hosts: readonly string[],
  ttlMs: number,
): Promise<DatabaseLogin> {
  const authority = cached(cluster, "db");
  // The new key signs already in init, where everything else is signed by the old one (#11879, reference 1.4).
  const signers = authority.rotation?.phase === "init" ? authority.trusted : authority.active;
  const issued = await issue(cluster, signers, {
    subject: [{ CN: hosts.slice(0, 1) }],
    names: hosts,
    usages: ["server"],
    ttlMs,
  });
  return { ...issued, authorities: certificates(cached(cluster, "db_client")) };
}

/**
 * What the Database Service dials a self-hosted database with at this moment: a client certificate of the
 * db_client CA for a database user, and every db CA whose server certificates it accepts.
 */
export async function signForDatabaseService(cluster: TeleportCluster, user: string): Promise<DatabaseLogin> {
  const issued = await issue(cluster, cached(cluster, "db_client").active, {
    subject: [{ CN: [user] }],
    names: [],
    usages: ["client"],
    ttlMs: CONNECTION_TTL_MS,
  });
  return { ...issued, authorities: certificates(cached(cluster, "db")) };
}

function issue(
  { options }: TeleportCluster,
  signers: StoredAuthority["active"],
  request: CertificateRequest,
): Promise<IssuedCertificate> {
  const signer = signers.map(({ tls }) => tls).find((key): key is TlsKey => key !== null);
  if (signer === undefined) throw new TctlRefusal("no key of the authority can sign");
  return issueCertificate(signer, request, options.clock.now());
}

function cached(cluster: TeleportCluster, type: string): StoredAuthority {
  const authority = cluster.authorities.cached(type);
  if (authority === undefined) throw new TctlRefusal(`"${type}" authority type is not supported`);
  return authority;
}

function certificates({ active, trusted }: StoredAuthority): string {
  return [...active, ...trusted].map(({ tls }) => tls?.certificate ?? "").join("");
}
