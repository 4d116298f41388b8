import type { AuthorityType } from "../profile/authority-type.ts";

/**
 * Teleport's CA types in one place (reference teleport-rotation 2.1).
 * `export` is the spelling of `tctl auth export`, `auth sign` and the override commands, which use hyphens
 * where `auth rotate` wants the API name: one word per thing here, spelled per command at the rim.
 * `auth sign --format=db` takes the new key of the db CA in init already (reference teleport-rotation 1.4).
 */
export interface TeleportType extends AuthorityType {
  /** Values of `auth export --type`, `null` when the type cannot be exported. */
  readonly export: string | null;
  readonly keys: readonly ("ssh" | "tls" | "jwt")[];
  /** First release that has the type, `major.minor`. */
  readonly since: string;
}

/** In the order in which people read them (reference teleport-rotation 2.1). */
export const AUTHORITY_TYPES = [
  {
    name: "host",
    export: "host",
    keys: ["ssh", "tls"],
    since: "0.0",
    signs: "certificates of the auth server, proxies and every agent",
    reportedByComponents: true,
    signsFromInit: false,
  },
  {
    name: "user",
    export: "user",
    keys: ["ssh", "tls"],
    since: "0.0",
    signs: "certificates of users and bots",
    reportedByComponents: false,
    signsFromInit: false,
    signsSessions: true,
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
    signsFromInit: false,
  },
  {
    name: "openssh",
    export: "openssh",
    keys: ["ssh"],
    since: "12.0",
    signs: "user certificates that the Proxy shows to agentless OpenSSH servers",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "jwt",
    export: null,
    keys: ["jwt"],
    since: "5.0",
    signs: "access tokens for applications",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "saml_idp",
    export: "saml-idp",
    keys: ["tls"],
    since: "12.0",
    signs: "SAML assertions of Teleport as an identity provider",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "oidc_idp",
    export: null,
    keys: ["jwt"],
    since: "12.0",
    signs: "tokens of the OIDC integrations",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "spiffe",
    export: "tls-spiffe",
    keys: ["tls", "jwt"],
    since: "15.0",
    signs: "workload identities (X.509 and JWT SVIDs)",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "okta",
    export: null,
    keys: ["jwt"],
    since: "16.0",
    signs: "tokens of the Okta integration",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "awsra",
    export: "awsra",
    keys: ["tls"],
    since: "18.0",
    signs: "certificates exchanged with AWS IAM Roles Anywhere",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "bound_keypair",
    export: null,
    keys: ["jwt"],
    since: "18.0",
    signs: "join-state documents of bound-keypair bots",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "windows",
    export: "windows",
    keys: ["tls"],
    since: "18.7",
    signs: "smart-card certificates for desktop access",
    reportedByComponents: false,
    signsFromInit: false,
  },
  {
    name: "app_client",
    export: "app-client",
    keys: ["tls"],
    since: "19.0",
    signs: "client certificates for mutual TLS to applications",
    reportedByComponents: false,
    signsFromInit: false,
  },
] as const satisfies readonly TeleportType[];
