import type { ClusterTrust } from "./cluster.ts";
import { printTime, unixNano } from "./go-print.ts";
import type { TctlResource } from "./rotation-resource.ts";

/** Whom of the root the leaf lets in, as what. */
export const ROLE_MAP = [{ remote: "admin", local: ["admin"] }];

/** The root's view of its leaf. `online` is what it says whatever happens (recordings/README). */
export function remoteClusterResource({ leaf, lastHeartbeat }: ClusterTrust): TctlResource {
  return {
    kind: "remote_cluster",
    version: "v3",
    metadata: { name: leaf.options.name },
    status: { connection: "online", last_heartbeat: printTime(lastHeartbeat) },
  };
}

/** The leaf's side of the trust. */
export function trustedClusterResource({ root, established }: ClusterTrust): TctlResource {
  const proxy = root.agents.find((agent) => agent.spec.roles.includes("proxy"));
  const address = `127.0.0.1:${proxy?.port ?? 0}`;
  return {
    kind: "trusted_cluster",
    version: "v2",
    metadata: {
      name: root.options.name,
      id: root.options.dialect !== "v18" ? unixNano(established) : undefined,
    },
    spec: {
      enabled: true,
      token: "",
      web_proxy_addr: address,
      tunnel_addr: address,
      role_map: ROLE_MAP,
    },
  };
}
