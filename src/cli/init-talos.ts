import { join, relative, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { discoverTalos } from "../platforms/talos/discover.ts";
import { createRunner } from "../process/runner.ts";
import type { ClusterResource, TalosConnection } from "../resources/model/desired.ts";
import { DEFAULT_POLICY } from "../resources/read/build.ts";
import type { TalosSpec } from "../sandbox/platform.ts";
import { hasIdentities, readIdentities } from "../sealing/identities.ts";
import { recipientOf } from "../sealing/seal.ts";
import type { InitOptions } from "./init.ts";
import type { Terminal } from "./terminal.ts";

/** Where the client configurations of a rotation go unless somebody says otherwise: git ignores that folder. */
function clientsIn(folder: string): TalosConnection["clients"] {
  const clients = resolve(folder, ".capstan", "clients");
  return { talosconfig: join(clients, "talosconfig"), kubeconfig: join(clients, "kubeconfig") };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/** The resource of a live Talos cluster: its machines as they are found now, to be written down. */
export async function talosFromFlags(
  terminal: Terminal,
  folder: string,
  options: InitOptions,
): Promise<ClusterResource> {
  const given = options.talosconfig ?? terminal.env["TALOSCONFIG"];
  if (given === undefined || given === "") {
    throw new Failure("usage", "which Talos cluster is it?", {
      hint: "give its talosconfig with --talosconfig FILE, or in TALOSCONFIG",
    });
  }
  const talosctl = [options.talosctl ?? "talosctl"];
  const talosconfig = resolve(terminal.cwd, given);
  const context = options.context ?? null;
  const trace = (line: string) => {
    if (options.verbose === true) terminal.stderr.write(`${line}\n`);
  };
  const runner = createRunner({ trace });
  const found = await discoverTalos({ talosctl, talosconfig, context, runner });
  const name = options.cluster ?? found.context;
  if (!NAME.test(name)) {
    throw new Failure("usage", `the context "${name}" of the talosconfig is no name for a cluster`, {
      hint: "name the cluster with --cluster: letters, digits, dots, hyphens and underscores",
    });
  }
  return {
    name,
    source: { file: "", line: 1 },
    platform: "talos",
    teleport: null,
    talos: {
      talosctl,
      kubectl: ["kubectl"],
      talosconfig,
      context,
      endpoints: endpointsOf(found.endpoints, found.controlPlanes),
      controlPlanes: found.controlPlanes,
      workers: found.workers,
      kubeconfig: null,
      clients: clientsIn(folder),
      recipients: await ownRecipients(terminal.env),
      secrets: null,
    },
    peers: [],
    policy: DEFAULT_POLICY,
  };
}

/** Those of the control planes themselves are what the resource takes when it says nothing. */
function endpointsOf(endpoints: readonly string[], controlPlanes: readonly string[]): readonly string[] {
  const own =
    endpoints.length === controlPlanes.length && endpoints.every((one) => controlPlanes.includes(one));
  return own ? controlPlanes : endpoints;
}

/** Whoever runs this can open what will be sealed; others are added by hand. */
async function ownRecipients(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  if (!hasIdentities(env)) return [];
  const { keys } = await readIdentities(env);
  return [...new Set(await Promise.all(keys.map(recipientOf)))];
}

export function talosOfSandbox(
  { control_planes, ...connection }: TalosSpec["talos"],
  folder: string,
): TalosConnection {
  return {
    ...connection,
    clients: clientsIn(folder),
    controlPlanes: control_planes,
    endpoints: control_planes,
    context: null,
    kubeconfig: null,
    secrets: null,
  };
}

/** Files of the repository by their path in it, so that it can be cloned elsewhere; others as they were given. */
export function talosToWrite(
  talos: TalosConnection,
  folder: string,
  env: NodeJS.ProcessEnv,
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
