/**
 * Teleport's CA types in one place (reference teleport-rotation 2.1).
 * `export` is the spelling of `tctl auth export`, `auth sign` and the override commands, which use hyphens
 * where `auth rotate` wants the API name: one word per thing here, spelled per command at the rim.
 */
export interface AuthorityType {
  /** API spelling, as in `auth rotate --type` and in YAML. */
  readonly name: string;
  /** Values of `auth export --type`, `null` when the type cannot be exported. */
  readonly export: string | null;
  readonly keys: readonly ("ssh" | "tls" | "jwt")[];
  /** First release that has the type, `major.minor`. */
  readonly since: string;
  readonly signs: string;
  /** Only the host CA is reflected by components (reference 3.1). */
  readonly reportedByComponents: boolean;
  /** Its new key signs in init already, for people (reference 1.4). */
  readonly signsFromInit?: true;
}

export const AUTHORITY_TYPES = [
  {
    name: "host",
    export: "host",
    keys: ["ssh", "tls"],
    since: "0.0",
    signs: "certificates of the auth server, proxies and every agent",
    reportedByComponents: true,
  },
  {
    name: "user",
    export: "user",
    keys: ["ssh", "tls"],
    since: "0.0",
    signs: "certificates of users and bots",
    reportedByComponents: false,
  },
  {
    name: "db",
    export: "db",
    keys: ["tls"],
    since: "10.0",
    signs: "server certificates of self-hosted databases",
    reportedByComponents: false,
    signsFromInit: true,
  },
  {
    name: "db_client",
    export: "db-client",
    keys: ["tls"],
    since: "15.0",
    signs: "client certificates that the Database Service shows to self-hosted databases",
    reportedByComponents: false,
  },
  {
    name: "openssh",
    export: "openssh",
    keys: ["ssh"],
    since: "12.0",
    signs: "user certificates that the Proxy shows to agentless OpenSSH servers",
    reportedByComponents: false,
  },
  {
    name: "jwt",
    export: null,
    keys: ["jwt"],
    since: "5.0",
    signs: "access tokens for applications",
    reportedByComponents: false,
  },
  {
    name: "saml_idp",
    export: "saml-idp",
    keys: ["tls"],
    since: "12.0",
    signs: "SAML assertions of Teleport as an identity provider",
    reportedByComponents: false,
  },
  {
    name: "oidc_idp",
    export: null,
    keys: ["jwt"],
    since: "12.0",
    signs: "tokens of the OIDC integrations",
    reportedByComponents: false,
  },
  {
    name: "spiffe",
    export: "tls-spiffe",
    keys: ["tls", "jwt"],
    since: "15.0",
    signs: "workload identities (X.509 and JWT SVIDs)",
    reportedByComponents: false,
  },
  {
    name: "okta",
    export: null,
    keys: ["jwt"],
    since: "16.0",
    signs: "tokens of the Okta integration",
    reportedByComponents: false,
  },
  {
    name: "awsra",
    export: "awsra",
    keys: ["tls"],
    since: "18.0",
    signs: "certificates exchanged with AWS IAM Roles Anywhere",
    reportedByComponents: false,
  },
  {
    name: "bound_keypair",
    export: null,
    keys: ["jwt"],
    since: "18.0",
    signs: "join-state documents of bound-keypair bots",
    reportedByComponents: false,
  },
  {
    name: "windows",
    export: "windows",
    keys: ["tls"],
    since: "18.7",
    signs: "smart-card certificates for desktop access",
    reportedByComponents: false,
  },
  {
    name: "app_client",
    export: "app-client",
    keys: ["tls"],
    since: "19.0",
    signs: "client certificates for mutual TLS to applications",
    reportedByComponents: false,
  },
] as const satisfies readonly AuthorityType[];

/** The table row of a type, `undefined` for one that a newer server may have. */
export function authorityType(name: string): AuthorityType | undefined {
  return AUTHORITY_TYPES.find((type) => type.name === name);
}

/** The two CAs of a Talos cluster that can be rotated (reference talos-rotation 1); etcd and aggregator cannot. */
export const TALOS_TYPES = ["talos", "kubernetes"] as const;

export type TalosType = (typeof TALOS_TYPES)[number];

export function isTalosType(name: string): name is TalosType {
  return (TALOS_TYPES as readonly string[]).includes(name);
}

/** The one pair that Teleport's documentation lets rotate together, in this order (reference 2.2). */
const PAIR: readonly string[] = ["db", "db_client"];

export function isPair(left: string, right: string): boolean {
  return left !== right && PAIR.includes(left) && PAIR.includes(right);
}

/** How many rotations these types are when db and db_client count as one. */
export function rotationUnits(types: readonly string[]): number {
  return new Set(types.map((type) => (PAIR.includes(type) ? PAIR[0] : type))).size;
}

/** Reads either spelling (`db-client`, `db_client`) and gives the API one. */
export function apiSpelling(name: string): string {
  return name.replaceAll("-", "_");
}
