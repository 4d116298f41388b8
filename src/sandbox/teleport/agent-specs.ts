import { type Random, seededUuid } from "../clock.ts";
import type { AgentSpec } from "./agent.ts";
import type { Settings } from "./cluster.ts";
import type { ComponentRole } from "./component-role.ts";

/**
 * The processes of a cluster, named as in the recordings: `turing` runs the auth server and a node in one
 * process, and in the old release the proxy too where trust between clusters needs one.
 */
export function agentSpecs(
  { nodes, dialect, place, authServers }: Settings,
  random: Random,
): readonly Omit<AgentSpec, "endpoint">[] {
  const prefix = place === "leaf" ? "leaf-" : "";
  const spec = (hostname: string, roles: readonly ComponentRole[], resources: readonly string[] = []) => ({
    hostId: seededUuid(random),
    hostname: `${prefix}${hostname}`,
    roles,
    resources,
  });
  const first: readonly ComponentRole[] = [
    "auth_server",
    ...(dialect === "v5" && place !== "alone" ? (["proxy"] as const) : []),
    ...(nodes > 0 ? (["node"] as const) : []),
  ];
  const specs = [
    spec("turing", first),
    ...Array.from({ length: authServers - 1 }, (_, index) => spec(`auth${index + 2}`, ["auth_server"])),
    ...(dialect === "v5" ? [] : [spec("proxy1", ["proxy"])]),
    ...(dialect === "v5" || place === "leaf"
      ? []
      : [
          spec("app1", ["app_server"], ["grafana", "wiki"]),
          spec("db1", ["db_server"], ["orders"]),
          spec("kube1", ["kube_server"], ["staging"]),
        ]),
    ...Array.from({ length: Math.max(0, nodes - 1) }, (_, index) => spec(`node${index + 1}`, ["node"])),
  ];
  // The auth servers come first: each is its own, the rest is spread over them.
  return specs.map((one, index) => ({ ...one, authServer: index % authServers }));
}
