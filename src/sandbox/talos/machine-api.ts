import { stringify } from "yaml";
import { branch, encodeBase64, text } from "../values.ts";
import { issue, YEAR_HOURS } from "./certificates.ts";
import { cosiKind, type ResourceLedger } from "./cosi-resources.ts";
import type { ApplyMode } from "./dialect.ts";
import { acceptedByKubernetes } from "./machine-config.ts";
import type { MachineParts } from "./machine-parts.ts";
import { RpcError } from "./rpc.ts";
import { makeTalosconfig } from "./talosconfig.ts";

interface Machine extends MachineParts {
  readonly ledger: ResourceLedger;
}

/** The methods of a machine's API, and who may call them (TA 3.9). */
type Method = (
  machine: Machine,
  params: Readonly<Record<string, unknown>>,
  roles: readonly string[],
) => unknown;

const ADMIN = ["os:admin"];
const READERS = ["os:admin", "os:operator", "os:reader"];

const METHODS: Readonly<Record<string, { readonly roles: readonly string[]; readonly run: Method }>> = {
  Version: { roles: READERS, run: version },
  Time: { roles: READERS, run: time },
  Get: { roles: READERS, run: get },
  ApplyConfiguration: { roles: ADMIN, run: applyConfiguration },
  Kubeconfig: { roles: ADMIN, run: kubeconfig },
  GenerateClientConfiguration: { roles: ADMIN, run: generateClientConfiguration },
  Read: { roles: ADMIN, run: read },
};

export async function callMachine(
  machine: Machine,
  name: string,
  params: unknown,
  roles: readonly string[],
): Promise<unknown> {
  const method = METHODS[name];
  if (method === undefined) throw new RpcError("Unimplemented", `unknown method ${name}`);
  authorize(roles, method.roles);
  return await method.run(machine, branch(params), roles);
}

function authorize(roles: readonly string[], allowed: readonly string[]): void {
  if (!roles.some((role) => allowed.includes(role))) throw new RpcError("PermissionDenied", "not authorized");
}

function version({ dialect }: Machine): unknown {
  return {
    version: {
      tag: dialect.tag,
      sha: "5a1db0e5",
      built: "",
      goVersion: dialect.goVersion,
      os: "linux",
      arch: "amd64",
    },
    platform: { name: "metal", mode: "metal" },
    features: { rbac: true },
  };
}

/** Every call asks a time server, and fails where none can be reached (machined, v1alpha1_time.go). */
function time(machine: Machine): unknown {
  const server = "time.cloudflare.com";
  if (machine.has("air-gapped")) {
    const tried = `read udp ${machine.address}:41337->162.159.200.1:123: i/o timeout`;
    throw new RpcError("Unknown", `error querying NTP server ${JSON.stringify(server)}: ${tried}`);
  }
  return {
    server,
    localtime: goTime(machine.now(), machine.random()),
    remotetime: goTime(Date.now(), machine.random()),
  };
}

/** Go's `String()` of a time leaves out the zeros at the end of the fraction, and a fraction that is zero. */
function goTime(ms: number, chance: number): string {
  const [date, clock] = new Date(ms).toISOString().slice(0, 19).split("T");
  const nanoseconds = chance < 0.2 ? 0 : (ms % 1000) * 1_000_000 + Math.floor(chance * 1_000_000);
  const fraction = nanoseconds === 0 ? "" : `.${String(nanoseconds).padStart(9, "0").replace(/0+$/, "")}`;
  return `${date} ${clock}${fraction} +0000 UTC`;
}

function get(machine: Machine, params: Readonly<Record<string, unknown>>, roles: readonly string[]): unknown {
  const kind = cosiKind(text(params["type"]));
  if (kind === undefined) {
    throw new RpcError("NotFound", `resource ${JSON.stringify(text(params["type"]))} is not registered`);
  }
  if (kind.sensitive) authorize(roles, ADMIN);
  const all = machine.ledger.list(kind, machine);
  const id = text(params["id"]);
  if (id === "") return { resources: all };
  const found = all.filter(({ metadata }) => metadata.id === id);
  if (found.length === 0) {
    throw new RpcError("NotFound", `resource ${kind.type}(${kind.namespace}/${id}@undefined) doesn't exist`);
  }
  return { resources: found };
}

async function applyConfiguration(
  machine: Machine,
  params: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const timeout = params["tryTimeoutSeconds"];
  return await machine.store.apply({
    data: text(params["data"]),
    mode: text(params["mode"]) as ApplyMode,
    dryRun: params["dryRun"] === true,
    tryTimeoutSeconds: typeof timeout === "number" ? timeout : 60,
  });
}

/** As this control plane sees it: its accepted CAs, its issuing CA (TA 3.7). */
async function kubeconfig(machine: Machine): Promise<unknown> {
  const { config } = machine.store;
  controlPlaneOnly(machine, "kubeconfig is only available on control plane nodes");
  const issuing = config.kubernetes.issuing ?? { crt: "", key: "" };
  const admin = await issue(issuing, {
    commonName: "admin",
    organizations: ["system:masters"],
    usage: "clientAuth",
    encipherment: true,
    now: machine.now(),
    hours: YEAR_HOURS,
    backdateSeconds: 10,
  }).catch(internal);
  const user = `admin@${config.clusterName}`;
  return {
    kubeconfig: stringify(
      {
        apiVersion: "v1",
        kind: "Config",
        clusters: [
          {
            name: config.clusterName,
            cluster: {
              server: config.endpoint,
              "certificate-authority-data": encodeBase64(acceptedByKubernetes(config).join("")),
            },
          },
        ],
        users: [
          {
            name: user,
            user: {
              "client-certificate-data": encodeBase64(admin.crt),
              "client-key-data": encodeBase64(admin.key),
            },
          },
        ],
        contexts: [{ context: { cluster: config.clusterName, namespace: "default", user }, name: user }],
        "current-context": user,
      },
      { lineWidth: 0 },
    ),
  };
}

/** `talosctl config new`: both the CA and the certificate come from the issuing CA only (TA 2.2). */
async function generateClientConfiguration(
  machine: Machine,
  params: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  if (!machine.isControlPlane) {
    throw new RpcError(
      "Unimplemented",
      "client configuration (talosconfig) can't be generated on worker nodes",
    );
  }
  const { talos, clusterName } = machine.store.config;
  const issuing = talos.issuing ?? { crt: "", key: "" };
  const roles = Array.isArray(params["roles"]) ? params["roles"].map(text) : ADMIN;
  const hours = typeof params["hours"] === "number" ? params["hours"] : YEAR_HOURS;
  const client = await issue(issuing, {
    organizations: roles,
    usage: "clientAuth",
    now: machine.now(),
    hours,
  }).catch(internal);
  return {
    ca: issuing.crt,
    crt: client.crt,
    key: client.key,
    talosconfig: makeTalosconfig({ context: clusterName, endpoints: [], ca: issuing.crt, ...client }),
  };
}

function read(machine: Machine, params: Readonly<Record<string, unknown>>): unknown {
  const path = text(params["path"]);
  const client = machine.kubelet.client;
  const files: Readonly<Record<string, string | null | undefined>> = {
    "/var/lib/kubelet/pki/kubelet-client-current.pem": client === null ? null : client.crt + client.key,
    "/system/secrets/kubernetes/kube-apiserver/apiserver.crt": machine.controlPlane?.servingCertificate,
    "/proc/uptime": `${(machine.uptimeMs() / 1000).toFixed(2)} 1000.00\n`,
    // When it was started, by its clock of now.
    "/proc/stat": `cpu  100 0 100 1000 0 0 0 0 0 0\nbtime ${Math.floor((machine.now() - machine.uptimeMs()) / 1000)}\n`,
  };
  const data = files[path] ?? null;
  if (data === null) throw new RpcError("Unknown", `stat ${path}: no such file or directory`);
  return { data };
}

function controlPlaneOnly({ isControlPlane }: Machine, message: string): void {
  if (!isControlPlane) throw new RpcError("Unimplemented", message);
}

function internal(error: unknown): never {
  throw new RpcError("Internal", error instanceof Error ? error.message : String(error));
}
