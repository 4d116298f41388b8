import { COMPONENT_ROLES, type ComponentRole } from "./component-role.ts";
import type { ReleaseFacts } from "./release.ts";

/** What `tctl get` calls things (reference 3.1, 4.2, 4.6). */
export interface ResourceKind {
  readonly name: string;
  readonly aliases: readonly string[];
  /** The oldest that knows it; `overrides`: whatever release has certificate authority overrides. */
  readonly since: "v5" | "v18" | "overrides";
}

/** Kinds of the cluster that nobody made anything of here: their listings are empty. */
const EMPTY_KINDS: readonly ResourceKind[] = [
  { name: "role", aliases: ["roles"], since: "v5" },
  { name: "user", aliases: ["users"], since: "v5" },
  {
    name: "workload_identity_x509_issuer_override",
    aliases: ["workload_identity_x509_issuer_overrides"],
    since: "v18",
  },
  { name: "token", aliases: ["tokens"], since: "v5" },
];

const RESOURCE_KINDS: readonly ResourceKind[] = [
  { name: "cert_authority", aliases: ["cert_authorities", "cas", "ca"], since: "v5" },
  { name: "node", aliases: ["nodes"], since: "v5" },
  { name: "proxy", aliases: ["proxies"], since: "v5" },
  { name: "auth_server", aliases: ["auth_servers", "auth"], since: "v5" },
  { name: "app_server", aliases: ["app_servers"], since: "v18" },
  { name: "db_server", aliases: ["db_servers"], since: "v18" },
  { name: "kube_server", aliases: ["kube_servers"], since: "v18" },
  { name: "kube_service", aliases: ["kube_services"], since: "v5" },
  {
    name: "windows_desktop_service",
    aliases: ["windows_desktop_services", "windows_service", "win_desktop_service", "win_service"],
    since: "v18",
  },
  { name: "remote_cluster", aliases: ["remote_clusters", "rc", "rcs"], since: "v5" },
  { name: "trusted_cluster", aliases: ["tc", "cluster", "clusters"], since: "v5" },
  {
    name: "cert_authority_override",
    aliases: ["cert_authority_overrides", "ca_override", "ca_overrides"],
    since: "overrides",
  },
  ...EMPTY_KINDS,
];

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
  return RESOURCE_KINDS.filter(({ since }) => {
    if (since === "overrides") return overrides !== "none";
    return since === "v5" || dialect === "v18";
  });
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
