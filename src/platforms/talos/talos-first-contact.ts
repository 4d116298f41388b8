import { join, relative, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { hasIdentities, readIdentities } from "../../sealing/identities.ts";
import { recipientOf } from "../../sealing/seal.ts";
import { type TalosConnection, talosConnection } from "../../talos/resources/connection.ts";
import type { ContactFlags, ContactRim, FirstContact, FoundCluster } from "../first-contact.ts";
import { discoverTalos } from "./discover.ts";

/** Machines are found now, and written down. */
export const TALOS_CONTACT: FirstContact = {
  typicalFlags: "--talosconfig …",
  isMeant: ({ platform, talosconfig, talosctl }) =>
    platform === "talos" || talosconfig !== undefined || talosctl !== undefined,
  fromFlags: discovered,
  fromSandbox(name, field, folder) {
    // Its file is of this very version of capstan.
    const { control_planes, ...connection } = field as SandboxField;
    return foundCluster(name, {
      ...connection,
      clients: clientsIn(folder),
      controlPlanes: control_planes,
      endpoints: control_planes,
      context: null,
      kubeconfig: null,
      secrets: null,
    });
  },
  hasSessions: false,
  asWritten(cluster, { env, folder }) {
    return { ...cluster, connection: connectionAsWritten(talosConnection(cluster), folder, env) };
  },
  leftToAdd: (cluster) =>
    talosConnection(cluster).recipients.length === 0
      ? "add spec.talos.recipients to it before a rotation: who can open the keys that are sealed"
      : null,
};

/** `spec.talos` of the sandbox's own cluster resource. */
type SandboxField = Pick<
  TalosConnection,
  "talosctl" | "kubectl" | "talosconfig" | "workers" | "recipients"
> & { readonly control_planes: readonly string[] };

function foundCluster(name: string, connection: TalosConnection): FoundCluster {
  return { name, platform: "talos", connection };
}

/** Where the client configurations of a rotation go unless somebody says otherwise: git ignores that folder. */
function clientsIn(folder: string): TalosConnection["clients"] {
  const clients = resolve(folder, ".capstan", "clients");
  return { talosconfig: join(clients, "talosconfig"), kubeconfig: join(clients, "kubeconfig") };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

async function discovered(
  flags: ContactFlags,
  { env, cwd, folder, runner }: ContactRim,
): Promise<FoundCluster> {
  const given = flags.talosconfig ?? env["TALOSCONFIG"];
  if (given === undefined || given === "") {
    throw new Failure("usage", "which Talos cluster is it?", {
      hint: "give its talosconfig with --talosconfig FILE, or in TALOSCONFIG",
    });
  }
  const talosctl = [flags.talosctl ?? "talosctl"];
  const talosconfig = resolve(cwd, given);
  const context = flags.context ?? null;
  const found = await discoverTalos({ talosctl, talosconfig, context, runner });
  const name = flags.cluster ?? found.context;
  if (!NAME.test(name)) {
    throw new Failure("usage", `the context "${name}" of the talosconfig is no name for a cluster`, {
      hint: "name the cluster with --cluster: letters, digits, dots, hyphens and underscores",
    });
  }
  return foundCluster(name, {
    talosctl,
    kubectl: ["kubectl"],
    talosconfig,
    context,
    endpoints: endpointsOf(found.endpoints, found.controlPlanes),
    controlPlanes: found.controlPlanes,
    workers: found.workers,
    kubeconfig: null,
    clients: clientsIn(folder),
    recipients: await ownRecipients(env),
    secrets: null,
  });
}

/** Those of the control planes themselves are what the resource takes when it says nothing. */
function endpointsOf(endpoints: readonly string[], controlPlanes: readonly string[]): readonly string[] {
  const own =
    endpoints.length === controlPlanes.length && endpoints.every((one) => controlPlanes.includes(one));
  return own ? controlPlanes : endpoints;
}

/** Whoever runs this can open what will be sealed; others are added by hand. */
async function ownRecipients(env: ContactRim["env"]): Promise<readonly string[]> {
  if (!hasIdentities(env)) return [];
  const { keys } = await readIdentities(env);
  return [...new Set(await Promise.all(keys.map(recipientOf)))];
}

/** Files of the repository by their path in it, so that it can be cloned elsewhere; others as they were given. */
function connectionAsWritten(
  talos: TalosConnection,
  folder: string,
  env: ContactRim["env"],
): TalosConnection {
  const inside = (path: string) => {
    const below = relative(folder, path);
    return below.startsWith("..") ? path : below;
  };
  const short = (path: string | null) => (path === null ? null : inside(path));
  const { talosconfig, kubeconfig, clients, secrets } = talos;
  // Somebody else has it elsewhere.
  const fromEnvironment = env["TALOSCONFIG"] !== undefined && resolve(env["TALOSCONFIG"]) === talosconfig;
  return {
    ...talos,
    talosconfig: fromEnvironment ? TALOSCONFIG_VARIABLE : inside(talosconfig),
    kubeconfig: short(kubeconfig),
    clients: { talosconfig: short(clients.talosconfig), kubeconfig: short(clients.kubeconfig) },
    secrets: short(secrets),
  };
}

const TALOSCONFIG_VARIABLE = "$" + "{TALOSCONFIG}";
