import { COMPONENT_ROLES, type ComponentRole } from "./component-role.ts";
import type { ReleaseFacts } from "./release.ts";
import type { TctlDialect } from "./rotation-machine.ts";

/** What `tctl get` calls things (reference 3.1, 4.2, 4.6; recordings for v5 and v11). */
interface ResourceKind {
  readonly name: string;
  readonly aliases: readonly string[];
}

const COMMON: readonly ResourceKind[] = [
  { name: "cert_authority", aliases: ["cert_authorities", "cas", "ca"] },
  { name: "node", aliases: ["nodes"] },
  { name: "proxy", aliases: ["proxies"] },
  { name: "auth_server", aliases: ["auth_servers", "auth"] },
  { name: "kube_service", aliases: ["kube_services"] },
  { name: "remote_cluster", aliases: ["remote_clusters", "rc", "rcs"] },
  { name: "trusted_cluster", aliases: ["tc", "cluster", "clusters"] },
];

/** Kinds of which nobody made anything here: their listings are empty. */
const EMPTY: readonly ResourceKind[] = [
  { name: "role", aliases: ["roles"] },
  { name: "user", aliases: ["users"] },
  { name: "token", aliases: ["tokens"] },
];

const KINDS: Readonly<Record<TctlDialect, readonly ResourceKind[]>> = {
  v5: [...COMMON, ...EMPTY],
  // Application services have no kind here, database services one without a plural; `app` and `db` are resources that
  // somebody may have made, and nobody has.
  v11: [
    ...COMMON,
    { name: "db_server", aliases: [] },
    { name: "kube_server", aliases: ["kube_servers"] },
    { name: "windows_desktop_service", aliases: ["windows_service", "win_desktop_service", "win_service"] },
    ...EMPTY,
    { name: "app", aliases: ["apps"] },
    { name: "db", aliases: [] },
    { name: "kube_cluster", aliases: ["kube_clusters"] },
    { name: "lock", aliases: ["locks"] },
  ],
  v18: [
    ...COMMON,
    { name: "app_server", aliases: ["app_servers"] },
    { name: "db_server", aliases: ["db_servers"] },
    { name: "kube_server", aliases: ["kube_servers"] },
    {
      name: "windows_desktop_service",
      aliases: ["windows_desktop_services", "windows_service", "win_desktop_service", "win_service"],
    },
    ...EMPTY,
    {
      name: "workload_identity_x509_issuer_override",
      aliases: ["workload_identity_x509_issuer_overrides"],
    },
  ],
};

/** Of whatever release has certificate authority overrides. */
const OVERRIDES: ResourceKind = {
  name: "cert_authority_override",
  aliases: ["cert_authority_overrides", "ca_override", "ca_overrides"],
};

/** One part of `tctl get cas,node/turing`: a kind and what follows it. */
export interface ResourceReference {
  readonly kind: string;
  readonly path: readonly string[];
}

/** The kinds that a release knows. */
export function knownKinds({
  dialect,
  overrides,
}: Pick<ReleaseFacts, "dialect" | "overrides">): readonly ResourceKind[] {
  return overrides === "none" ? KINDS[dialect] : [...KINDS[dialect], OVERRIDES];
}

/** `null` for a kind that this version does not know. */
export function resourceKind(
  word: string,
  release: Pick<ReleaseFacts, "dialect" | "overrides">,
): string | null {
  const wanted = word.toLowerCase();
  const known = knownKinds(release).find((kind) => kind.name === wanted || kind.aliases.includes(wanted));
  return known?.name ?? null;
}

export function isComponentRole(kind: string): kind is ComponentRole {
  return (COMPONENT_ROLES as readonly string[]).includes(kind);
}
