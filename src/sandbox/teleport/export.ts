import type { TeleportCluster } from "./cluster.ts";
import { type KeyGeneration, sshFingerprint } from "./keys.ts";
import type { TctlDialect } from "./rotation-machine.ts";
import { TctlRefusal } from "./tctl-command.ts";

/** `auth export --type`: hyphens here, where `auth rotate` wants underscores (reference 2.1). */
const EXPORTS: Readonly<Record<string, { readonly type: string; readonly as: "ssh" | "pem" | "der" }>> = {
  user: { type: "user", as: "ssh" },
  host: { type: "host", as: "ssh" },
  "tls-host": { type: "host", as: "pem" },
  "tls-user": { type: "user", as: "pem" },
  "tls-user-der": { type: "user", as: "der" },
  "tls-spiffe": { type: "spiffe", as: "pem" },
  windows: { type: "windows", as: "der" },
  db: { type: "db", as: "pem" },
  "db-der": { type: "db", as: "der" },
  "db-client": { type: "db_client", as: "pem" },
  "db-client-der": { type: "db_client", as: "der" },
  openssh: { type: "openssh", as: "ssh" },
  "saml-idp": { type: "saml_idp", as: "pem" },
  awsra: { type: "awsra", as: "pem" },
  "app-client": { type: "app_client", as: "pem" },
};

/** Before there was a windows CA, desktops were shown the one of users. */
const WINDOWS_11 = { type: "user", as: "der" } as const;

const EXPORTS_11 = ["user", "host", "tls-host", "tls-user", "tls-user-der", "windows", "db"];

/** What `--type` takes, in the order of its error. */
export function exportTypes({ options }: TeleportCluster): readonly string[] {
  switch (options.dialect) {
    case "v5":
      return ["user", "host"];
    case "v11":
      return EXPORTS_11;
    case "v18":
      return Object.keys(EXPORTS).filter((name) => options.types.includes(EXPORTS[name]?.type ?? ""));
  }
}

/** What an export without `--type` prints. */
export function usualExports({ options }: TeleportCluster): readonly string[] {
  return options.dialect === "v11" ? ["host", "user"] : ["user", "host"];
}

function exportNamed(cluster: TeleportCluster, name: string): (typeof EXPORTS)[string] | undefined {
  if (!exportTypes(cluster).includes(name)) return undefined;
  return name === "windows" && cluster.options.dialect === "v11" ? WINDOWS_11 : EXPORTS[name];
}

/** `null` for a type that cannot be exported. */
export function exportAuthority(
  cluster: TeleportCluster,
  type: string,
  fingerprint: boolean,
): string | Uint8Array | null {
  const { dialect, name, exportsTrustedTls } = cluster.options;
  const wanted = exportNamed(cluster, type);
  const authority = wanted === undefined ? undefined : cluster.authorities.cached(wanted.type);
  if (wanted === undefined || authority === undefined) return null;
  // SSH exports show trusted keys in every release, TLS exports only in newer ones (reference 2.3).
  const showsTrusted = wanted.as === "ssh" || exportsTrustedTls;
  if (!showsTrusted && authority.active.length > 1) {
    throw new TctlRefusal(`expected one TLS key pair, got ${authority.active.length}`);
  }
  const keys = showsTrusted ? [...authority.active, ...authority.trusted] : authority.active;
  switch (wanted.as) {
    case "ssh":
      return keys.map((key) => sshLine(key, wanted.type, name, dialect, fingerprint)).join("");
    case "pem":
      return `${keys.map(({ tls }) => tls?.certificate ?? "").join("")}${dialect === "v11" ? "\n" : ""}`;
    case "der":
      // Only the first: several certificates in DER cannot be told apart.
      return Buffer.from(pemBody(keys[0]?.tls?.certificate ?? ""), "base64");
  }
}

function sshLine(
  { ssh }: KeyGeneration,
  type: string,
  cluster: string,
  dialect: TctlDialect,
  fingerprint: boolean,
): string {
  if (ssh === null) return "";
  if (fingerprint) return `${sshFingerprint(ssh.line)}\n`;
  const key = ssh.line.trim();
  if (type !== "host") return `cert-authority ${key} clustername=${cluster}&type=${type}\n`;
  return knownHostsLine(key, cluster, dialect);
}

/** The line by which an SSH client knows the hosts of a cluster; empty without an SSH key. */
export function hostAuthorityLine({ ssh }: KeyGeneration, cluster: string, dialect: TctlDialect): string {
  return ssh === null ? "" : knownHostsLine(ssh.line.trim(), cluster, dialect);
}

function knownHostsLine(key: string, cluster: string, dialect: TctlDialect): string {
  const hosts = dialect === "v5" ? `*.${cluster}` : `${cluster},*.${cluster}`;
  return `@cert-authority ${hosts} ${key} type=host\n`;
}

function pemBody(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, "");
}
