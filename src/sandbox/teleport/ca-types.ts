/**
 * The CA types of Teleport: what keys each has, and since when (reference teleport-rotation 2.1). A table of the
 * sandbox's own: what the product knows of types is what is tried on it.
 */
interface CaType {
  /** API spelling, as in `auth rotate --type`. */
  readonly name: string;
  readonly keys: readonly ("ssh" | "tls" | "jwt")[];
  /** The first major release that has it; some were brought back into a minor one of the release before. */
  readonly since: number;
}

export const CA_TYPES: readonly CaType[] = [
  { name: "host", keys: ["ssh", "tls"], since: 0 },
  { name: "user", keys: ["ssh", "tls"], since: 0 },
  { name: "db", keys: ["tls"], since: 10 },
  { name: "db_client", keys: ["tls"], since: 15 },
  { name: "openssh", keys: ["ssh"], since: 12 },
  { name: "jwt", keys: ["jwt"], since: 5 },
  { name: "saml_idp", keys: ["tls"], since: 12 },
  { name: "oidc_idp", keys: ["jwt"], since: 12 },
  { name: "spiffe", keys: ["tls", "jwt"], since: 15 },
  { name: "okta", keys: ["jwt"], since: 16 },
  { name: "awsra", keys: ["tls"], since: 18 },
  { name: "bound_keypair", keys: ["jwt"], since: 18 },
  { name: "windows", keys: ["tls"], since: 18 },
  { name: "app_client", keys: ["tls"], since: 19 },
];
