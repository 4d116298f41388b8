import type { Agent } from "./agent.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { CommandSpec } from "./command-line.ts";
import type { ComponentRole } from "./component-role.ts";
import { componentRows, jsonListing } from "./get-command.ts";
import { asciiTable } from "./go-print.ts";
import { type TctlCommand, TctlRefusal } from "./tctl-command.ts";

/** Commands that list without `get`: by what is served, and by who is connected. */
export const LISTING_COMMANDS: Readonly<Record<string, TctlCommand>> = {
  "apps ls": listOf("app_server"),
  "db ls": listOf("db_server"),
  "kube ls": listOf("kube_server"),
  "nodes ls": listOf("node"),
  "auth ls": listOf("auth_server"),
  "inventory status": inventoryStatus,
  "alerts list": async () => "no alerts\n",
};

const FORMAT = { format: { default: "text", enum: ["text", "json", "yaml"] } } as const;

export function listingSpecs({ options }: TeleportCluster): readonly CommandSpec[] {
  if (options.dialect === "v5") return [];
  const listings = ["apps", "db", "kube", "nodes", "auth"];
  return [
    ...listings.map((word) => ({ path: [word, "ls"], flags: FORMAT, arguments: [] })),
    {
      path: ["inventory", "status"],
      flags: { connected: { boolean: true } },
      arguments: [],
    },
    { path: ["alerts", "list"], flags: {}, arguments: [] },
  ];
}

function listOf(role: ComponentRole): TctlCommand {
  return async (cluster, { flags }) => {
    if (flags["format"] !== "json") throw new TctlRefusal("the sandbox lists as JSON only: --format=json");
    const rows = [...componentRows(cluster, role)];
    // Unlike `get`, which may print null (recorded).
    return rows.length === 0 ? "[]\n" : jsonListing(rows, cluster);
  };
}

/** How the inventory calls a process that is several things. */
const SERVICES: Readonly<Record<ComponentRole, string>> = {
  auth_server: "Auth",
  proxy: "Proxy",
  node: "Node",
  app_server: "App",
  db_server: "Db",
  kube_server: "Kube",
  windows_desktop_service: "WindowsDesktop",
};

/** Who holds a connection to this auth server: no phase, no rotation, but alive. In no order, as a Go map is walked. */
async function inventoryStatus(
  cluster: TeleportCluster,
  { flags }: Parameters<TctlCommand>[1],
): Promise<string> {
  const { version, dialect, clock } = cluster.options;
  if (flags["connected"] !== "true")
    throw new TctlRefusal("the sandbox shows who is connected only: --connected");
  const connected = cluster.agents.filter((agent) => agent.isConnected(clock.now()));
  const services = ({ spec }: Agent) => cluster.shuffled(spec.roles.map((role) => SERVICES[role])).join(",");
  const rows = cluster.shuffled(connected).map((agent) => [agent.spec.hostId, services(agent), version]);
  if (dialect === "v11") return `${asciiTable(rows, ["ServerID", "Services", "Version"])}\n`;
  return asciiTable(
    rows.map((row) => [...row, "none"]),
    ["Server ID", "Services", "Version", "Upgrader"],
  );
}
