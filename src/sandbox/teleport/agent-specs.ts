import { type Random, seededUuid } from "../clock.ts";
import type { AgentSpec } from "./agent.ts";
import type { Settings } from "./cluster-options.ts";
import type { ComponentRole } from "./component-role.ts";
import type { TctlDialect } from "./rotation-machine.ts";

/**
 * The processes of a cluster, named as in the recordings: `turing` runs the auth server and a node in one
 * process, and in the old releases the proxy too where there is one.
 */
export function agentSpecs(
  { nodes, dialect, place, authServers }: Settings,
  random: Random,
): readonly Omit<AgentSpec, "endpoint">[] {
  const prefix = place === "leaf" ? "leaf-" : "";
  const spec = (hostname: string, roles: readonly ComponentRole[], serves: AgentSpec["serves"] = {}) => ({
    hostId: seededUuid(random),
    hostname: `${prefix}${hostname}`,
    roles,
    serves,
  });
  const first: readonly ComponentRole[] = [
    "auth_server",
    ...(dialect === "v11" || (dialect === "v5" && place !== "alone") ? (["proxy"] as const) : []),
    ...(nodes > 0 ? (["node"] as const) : []),
  ];
  const specs = [
    spec("turing", first),
    ...Array.from({ length: authServers - 1 }, (_, index) => spec(`auth${index + 2}`, ["auth_server"])),
    ...(dialect === "v18" ? [spec("proxy1", ["proxy"])] : []),
    ...(place === "leaf" ? [] : agentsOf(dialect, spec)),
    ...Array.from({ length: Math.max(0, nodes - 1) }, (_, index) => spec(`node${index + 1}`, ["node"])),
  ];
  // The auth servers come first: each is its own, the rest is spread over them.
  return specs.map((one, index) => ({ ...one, authServer: index % authServers }));
}

type Spec = Omit<AgentSpec, "endpoint" | "authServer">;

/** Who serves applications, databases and Kubernetes clusters: in 11 one process, behind the proxy, as recorded. */
function agentsOf(
  dialect: TctlDialect,
  spec: (hostname: string, roles: readonly ComponentRole[], serves?: AgentSpec["serves"]) => Spec,
): readonly Spec[] {
  switch (dialect) {
    case "v5":
      return [];
    case "v11":
      return [
        spec("agent1", ["app_server", "db_server", "kube_server"], {
          app_server: ["wiki"],
          db_server: ["orders"],
          kube_server: ["lab"],
        }),
        spec("win1", ["windows_desktop_service"]),
      ];
    case "v18":
      return [
        spec("app1", ["app_server"], { app_server: ["grafana", "wiki"] }),
        spec("db1", ["db_server"], { db_server: ["orders"] }),
        spec("kube1", ["kube_server"], { kube_server: ["staging"] }),
      ];
  }
}
