import { Failure } from "../../failure.ts";
import type { ConnectionRules } from "../../profile/resource-rules.ts";
import { commandAt } from "../../resources/model/command-at.ts";
import type { ClusterResource, Connection } from "../../resources/model/desired.ts";
import { type ConnectionWay, dialled } from "../../resources/model/way-out.ts";

/** How `talosctl` and `kubectl` reach a cluster. Files are absolute here; in YAML they are relative to the folder. */
export interface TalosConnection {
  /** Executable and leading arguments. */
  readonly talosctl: readonly string[];
  readonly kubectl: readonly string[];
  /** The client configuration that capstan itself uses; its user has the role os:admin. */
  readonly talosconfig: string;
  /** `null` is the file's current one. */
  readonly context: string | null;
  /** Whom requests go through: the control planes, unless others are named. */
  readonly endpoints: readonly string[];
  /** The inventory: addresses of all machines, not of what discovery takes for them. */
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  /** With which Kubernetes is looked at; `null`: one is fetched from a control plane. */
  readonly kubeconfig: string | null;
  /** Where the client configurations of each phase are written. */
  readonly clients: TalosClients;
  /** Who can open the keys that are sealed: age recipients. */
  readonly recipients: readonly string[];
  /** A secrets bundle (`talosctl gen secrets`) that SOPS encrypted with age. */
  readonly secrets: string | null;
}

interface TalosClients {
  readonly talosconfig: string | null;
  readonly kubeconfig: string | null;
}

/** `spec.talos`, as its schema has checked it. */
interface RawConnection {
  readonly talosctl?: readonly string[];
  readonly kubectl?: readonly string[];
  readonly talosconfig: string;
  readonly context?: string;
  readonly endpoints?: readonly string[];
  readonly control_planes: readonly string[];
  readonly workers?: readonly string[];
  readonly kubeconfig?: string;
  readonly clients?: { readonly talosconfig?: string; readonly kubeconfig?: string };
  readonly recipients?: readonly string[];
  readonly secrets?: string;
}

/** What a cluster resource of Talos says; throws a `Failure` for one that says nothing. */
export function talosConnection({ name, source, connection }: ClusterResource): TalosConnection {
  if (connection !== null) return own(connection);
  throw new Failure("resources", `Cluster ${name} has no spec.talos.`, {
    hint: `add it in ${source.file}, line ${source.line}`,
  });
}

/** It is opaque to everybody but this room, and nothing else than `read` makes one for a cluster of this platform. */
function own(connection: Connection): TalosConnection {
  return connection as TalosConnection;
}

/** Talos' API (reference talos-rotation 2.2). */
const APID_PORT = 50_000;

function way(
  field: string,
  does: ConnectionWay["does"],
  rule: ConnectionWay["rule"],
  of: (connection: TalosConnection) => ReturnType<ConnectionWay["of"]>,
): ConnectionWay {
  return { field, does, rule, of: (connection) => of(own(connection)) };
}

function dialledMachines(addresses: readonly string[]): readonly (string | null)[] {
  return addresses.map((address) => dialled(address, APID_PORT));
}

/** `spec.talos`: a cluster of Talos cannot do without, as nobody else knows its machines. */
export const CONNECTION: ConnectionRules = {
  read(field, at): TalosConnection | null {
    if (field === undefined) return null;
    const raw = field as RawConnection;
    const file = (path: string | undefined) => (path === undefined ? null : at(path));
    return {
      talosctl: raw.talosctl ?? ["talosctl"],
      kubectl: raw.kubectl ?? ["kubectl"],
      talosconfig: at(raw.talosconfig),
      context: raw.context ?? null,
      endpoints: raw.endpoints ?? raw.control_planes,
      controlPlanes: raw.control_planes,
      workers: raw.workers ?? [],
      kubeconfig: file(raw.kubeconfig),
      clients: { talosconfig: file(raw.clients?.talosconfig), kubeconfig: file(raw.clients?.kubeconfig) },
      recipients: raw.recipients ?? [],
      secrets: file(raw.secrets),
    };
  },
  fields(connection) {
    const talos = own(connection);
    const { endpoints, controlPlanes, workers, clients, recipients } = talos;
    return {
      talosctl: talos.talosctl,
      kubectl: talos.kubectl,
      talosconfig: talos.talosconfig,
      context: talos.context,
      // What `read` takes when nothing is said.
      endpoints: endpoints.join() === controlPlanes.join() ? null : endpoints,
      control_planes: controlPlanes,
      workers: workers.length === 0 ? null : workers,
      kubeconfig: talos.kubeconfig,
      clients: clients.talosconfig === null && clients.kubeconfig === null ? null : clients,
      recipients: recipients.length === 0 ? null : recipients,
      secrets: talos.secrets,
    };
  },
  ways: [
    way("talosctl", "runs", "listed-executable", ({ talosctl }) => [talosctl]),
    way("kubectl", "runs", "listed-executable", ({ kubectl }) => [kubectl]),
    way("talosconfig", "reads", "credential", ({ talosconfig }) => [talosconfig]),
    way("context", "reads", "free", ({ context }) => [context]),
    way("endpoints", "dials", "listed-address", ({ endpoints }) => dialledMachines(endpoints)),
    way("control_planes", "dials", "listed-address", ({ controlPlanes }) => dialledMachines(controlPlanes)),
    way("workers", "dials", "listed-address", ({ workers }) => dialledMachines(workers)),
    way("kubeconfig", "reads", "credential", ({ kubeconfig }) => [kubeconfig]),
    way("clients.talosconfig", "writes", "only-after-merge", ({ clients }) => [clients.talosconfig]),
    way("clients.kubeconfig", "writes", "only-after-merge", ({ clients }) => [clients.kubeconfig]),
    way("recipients", "seals for", "only-after-merge", ({ recipients }) => recipients),
    way("secrets", "reads", "only-after-merge", ({ secrets }) => [secrets]),
  ],
  recipients: ["recipients"],
  startedElsewhere(connection, at): TalosConnection {
    const talos = own(connection);
    return { ...talos, talosctl: commandAt(talos.talosctl, at), kubectl: commandAt(talos.kubectl, at) };
  },
};
