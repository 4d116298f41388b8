import type { Agent } from "./agent.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { AgentlessNode } from "./cluster-options.ts";
import type { ComponentRole } from "./component-role.ts";
import { printTime, unixNano } from "./go-print.ts";
import type { TctlDialect } from "./rotation-machine.ts";
import { rotationResource, type TctlResource } from "./rotation-resource.ts";
import { FROM_CONFIG, SERVED_FIELDS_11, type ServedRow } from "./served-fields-11.ts";

/** It has no version, never expires, and its rotation stays empty for ever (reference 3.1). */
export function agentlessResource(
  { id, hostname, address }: AgentlessNode,
  dialect: TctlDialect,
): TctlResource {
  return {
    kind: "node",
    sub_kind: "openssh",
    version: "v2",
    metadata: { name: id },
    spec: { addr: address, hostname, rotation: rotationResource(null, dialect, true) },
  };
}

/**
 * The row that the proxies serve for an AWS OIDC integration: under the host id of a proxy, without a host name, a
 * rotation or an end.
 */
export function awsOidcResource({ agents, options }: TeleportCluster): TctlResource {
  const proxy = agents.find(({ spec }) => spec.roles.includes("proxy"));
  const name = "aws-prod";
  return {
    kind: "app_server",
    version: "v3",
    metadata: { name, labels: { account_id: "111122223333" } },
    spec: {
      version: options.version,
      hostname: "",
      host_id: proxy?.spec.hostId ?? "",
      rotation: rotationResource(null, options.dialect, true),
      app: {
        kind: "app",
        version: "v3",
        metadata: { name },
        spec: {
          uri: "https://console.aws.amazon.com",
          cloud: "AWS",
          integration: name,
          public_addr: `${name}.acme.example.com`,
        },
      },
    },
  };
}

/** The rows of one process under one kind: one for itself, or one for each thing it serves. */
export function* agentResources(
  agent: Agent,
  role: ComponentRole | "kube_service",
  cluster: TeleportCluster,
): Iterable<TctlResource> {
  const { dialect, clock } = cluster.options;
  const now = clock.now();
  const row = (name: string, announced = true): ServedRow => ({
    version: cluster.options.version,
    host: agent.spec,
    metadata: {
      name,
      expires: printTime(agent.expiresAt(now)),
      id: dialect === "v18" || !announced ? undefined : unixNano(agent.announcedAt(now)),
    },
    rotation: rotationResource(announced ? agent.shownRotation(now) : null, dialect, true),
  });
  switch (role) {
    case "auth_server":
    case "proxy":
    case "node":
      yield serverResource(agent, role, row(agent.spec.hostId), cluster);
      return;
    case "windows_desktop_service":
      yield windowsResource(agent, row(agent.spec.hostId), dialect);
      return;
    case "kube_service":
      yield kubeServiceResource(agent, row(agent.spec.hostId), dialect);
      return;
    case "app_server":
    case "db_server":
      for (const name of agent.spec.serves[role] ?? []) yield servedResource(role, row(name), dialect);
      return;
    case "kube_server":
      for (const name of agent.spec.serves[role] ?? []) {
        // Release 11 lists every cluster twice: the other row is made of that of the service, and has neither an id
        // nor a rotation, ever. While the agent's own row is away, there are two of these.
        const own = row(name, dialect !== "v11" || !agent.isHidden(role, now));
        yield servedResource(role, own, dialect);
        if (dialect === "v11") yield servedResource(role, row(name, false), dialect);
      }
  }
}

function serverResource(
  agent: Agent,
  kind: "auth_server" | "proxy" | "node",
  { metadata, rotation, version, host }: ServedRow,
  cluster: TeleportCluster,
): TctlResource {
  const { dialect } = cluster.options;
  const address = agent.port === null ? "" : `127.0.0.1:${agent.port}`;
  const isPublic = dialect === "v11" && kind !== "auth_server" && host.roles.includes("proxy");
  return {
    kind,
    version: "v2",
    metadata,
    spec: {
      addr: address,
      public_addr: isPublic ? address : undefined,
      hostname: host.hostname,
      use_tunnel: agent.port === null ? true : undefined,
      rotation,
      version,
    },
  };
}

/** No rotation accessor exists in the Go type: not reported (reference 3.1; recorded). */
function windowsResource(
  agent: Agent,
  { metadata, version, host }: ServedRow,
  dialect: TctlDialect,
): TctlResource {
  const addr =
    dialect === "v11"
      ? "remote.windows_desktop.proxy.teleport.cluster.local"
      : `127.0.0.1:${agent.port ?? 0}`;
  return {
    kind: "windows_desktop_service",
    version: "v3",
    metadata,
    spec: { addr, teleport_version: version, hostname: host.hostname },
  };
}

/** The process itself, as old versions list it beside its clusters; its rotation is never filled in. */
function kubeServiceResource(
  agent: Agent,
  { metadata, version }: ServedRow,
  dialect: TctlDialect,
): TctlResource {
  return {
    kind: "kube_service",
    version: "v2",
    metadata,
    spec: {
      addr: "remote.kube.proxy.teleport.cluster.local",
      hostname: "",
      rotation: rotationResource(null, dialect, true),
      version,
      kube_clusters: (agent.spec.serves.kube_server ?? []).map((name) => ({ name })),
    },
  };
}

type ServedRole = "app_server" | "db_server" | "kube_server";

function servedResource(kind: ServedRole, row: ServedRow, dialect: TctlDialect): TctlResource {
  const { name, ...rest } = row.metadata;
  const isLabelled = dialect === "v11" && kind === "db_server";
  const metadata = { name, labels: isLabelled ? FROM_CONFIG : undefined, ...rest };
  const spec = dialect === "v11" ? SERVED_FIELDS_11[kind](row) : servedFields(kind, row);
  return { kind, version: "v3", metadata, spec };
}

function servedFields(
  kind: ServedRole,
  { version, host, rotation, metadata: { name } }: ServedRow,
): TctlResource {
  const served = { version, hostname: host.hostname, host_id: host.hostId, rotation };
  const thing = (of: string, spec: TctlResource) => ({ kind: of, version: "v3", metadata: { name }, spec });
  switch (kind) {
    case "app_server":
      return { ...served, app: thing("app", { uri: "http://127.0.0.1:3000" }) };
    case "db_server":
      return { ...served, database: thing("db", { protocol: "postgres", uri: "127.0.0.1:5432" }) };
    case "kube_server":
      return { ...served, cluster: thing("kube_cluster", {}) };
  }
}
