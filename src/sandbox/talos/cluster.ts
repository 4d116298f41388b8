import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { FaultRequest } from "../emulated-platform.ts";
import { type FaultName, faultNamed, TALOS_FAULTS } from "../faults.ts";
import { issue, mintAuthority, type PemPair, YEAR_HOURS } from "./certificates.ts";
import { machineConfigText } from "./config-text.ts";
import { dialectOf, type KubernetesLayout, type TalosDialect, type TalosMinor } from "./dialect.ts";
import { type Executables, writeExecutables } from "./executables.ts";
import { readCertificate } from "./go-pem.ts";
import { Kubernetes } from "./kubernetes.ts";
import { Machine } from "./machine.ts";
import type { DiscoveredMember } from "./machine-types.ts";
import { APID_PORT, Forwarder, KUBERNETES_PORT, type Network, openNetwork, route } from "./network.ts";
import { Pace } from "./pace.ts";
import { makeSecrets, printSecrets, type SecretsBundle } from "./secrets-bundle.ts";
import { makeTalosconfig } from "./talosconfig.ts";

export interface TalosClusterOptions {
  /** Where client configuration, secrets and executables go. Made if missing. */
  readonly directory: string;
  readonly talos?: TalosMinor;
  /** Where the Kubernetes CA is configured; a cluster upgraded to 1.14 keeps the legacy place. */
  readonly layout?: KubernetesLayout;
  /** Release of the talosctl that is made; the machines' own, unless told. */
  readonly client?: TalosMinor;
  readonly clusterName?: string;
  readonly controlPlanes?: number;
  readonly workers?: number;
  /** How much faster than a real cluster things happen. */
  readonly speed?: number;
  /** Cluster seconds from an apply to the certificates that follow from it. */
  readonly convergence?: number;
  /** Where the API servers listen, behind the load balancer of the endpoint. */
  readonly apiServerPort?: number;
  /** CAs of somebody else are among the accepted ones from the start. */
  readonly foreign?: boolean;
  /** Do not use addresses of their own for the machines, even where that is possible. */
  readonly mapped?: boolean;
  /** In [0, 1): which control plane answers whom. */
  readonly random?: () => number;
  readonly dialTimeoutMs?: number;
  /** Where the executables note every run of theirs. */
  readonly callLog?: string;
}

export interface TalosClusterInfo extends Executables {
  readonly name: string;
  readonly directory: string;
  readonly talos: string;
  readonly layout: KubernetesLayout;
  /** Client configuration of an administrator, as `talosctl gen config` leaves it. */
  readonly talosconfig: string;
  /** The same for a reader, who may not rotate anything. */
  readonly readerTalosconfig: string;
  readonly secrets: string;
  /** The Kubernetes API, behind a load balancer. */
  readonly endpoint: string;
  readonly controlPlanes: readonly MachineInfo[];
  readonly workers: readonly MachineInfo[];
}

interface MachineInfo {
  readonly name: string;
  readonly address: string;
}

const DEFAULT_DIAL_TIMEOUT_MS = 20_000;

export async function startTalosCluster(options: TalosClusterOptions): Promise<TalosCluster> {
  const network = await openNetwork(options.mapped);
  const pace = new Pace(options.speed ?? 1);
  try {
    return await TalosCluster.start(options, network, pace);
  } catch (error) {
    pace.stop();
    await network.close();
    throw error;
  }
}

/** A running cluster. All of it lives in this process; whoever runs an executable starts another. */
export class TalosCluster {
  readonly info: TalosClusterInfo;
  /** For whoever wants to sign like the cluster does. */
  readonly secrets: SecretsBundle;
  readonly machines: readonly Machine[];
  readonly kubernetes: Kubernetes;
  readonly network: Network;
  readonly #pace: Pace;
  readonly #forwarders: readonly Forwarder[];

  private constructor(parts: ClusterParts) {
    this.info = parts.info;
    this.secrets = parts.secrets;
    this.machines = parts.machines;
    this.kubernetes = parts.kubernetes;
    this.network = parts.network;
    this.#pace = parts.pace;
    this.#forwarders = parts.forwarders;
  }

  static async start(options: TalosClusterOptions, network: Network, pace: Pace): Promise<TalosCluster> {
    const dialect = dialectOf(options.talos ?? "1.13");
    const layout = options.layout ?? dialect.layout;
    const clusterName = options.clusterName ?? "talos-sandbox";
    const random = options.random ?? Math.random;
    const dialTimeoutMs = options.dialTimeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS;
    const now = Date.now();
    const secrets = await makeSecrets(now);
    const kubernetes = new Kubernetes({ dialect, pace, random });
    const corporate = await mintAuthority("kubernetes", { now, organization: "Example Corp" });
    const foreign = {
      talos: options.foreign === true ? [(await mintAuthority("talos", { now })).crt] : [],
      kubernetes: options.foreign === true ? [(await mintAuthority("kubernetes", { now })).crt] : [],
    };
    const machines: Machine[] = [];
    for (const { name, isControlPlane } of names(options)) {
      machines.push(
        new Machine({
          name,
          address: network.address(machines.length),
          isControlPlane,
          config: machineConfigText({
            type: isControlPlane ? "controlplane" : "worker",
            hostname: name,
            clusterName,
            vip: network.vip,
            layout,
            dialect,
            secrets,
            foreign,
            corporateRoot: corporate.crt,
            apiServerPort: options.apiServerPort ?? null,
          }),
          dialect,
          network,
          pace,
          random,
          kubernetes,
          convergence: options.convergence ?? 0.5,
          dialTimeoutMs,
          cluster: {
            trustds: () =>
              machines
                .filter((one) => one.isControlPlane && one.isOn && !one.has("unreachable"))
                .map(({ address }) => address),
            members: () => members(machines, network.vip),
            holdsVip: (wanted) => vipHolder(machines)?.name === wanted,
            machines: () => machines,
          },
        }),
      );
    }
    kubernetes.adopt(machines);
    try {
      await startMachines(machines);
      const forwarders = await openForwarders(machines, network);
      const info = await writeFiles(options, {
        clusterName,
        dialect,
        layout,
        secrets,
        machines,
        network,
        now,
      });
      return new TalosCluster({ info, secrets, machines, kubernetes, network, pace, forwarders });
    } catch (error) {
      await Promise.all(machines.map((machine) => machine.close()));
      throw error;
    }
  }

  /** By name or address. */
  machine(wanted: string): Machine {
    const machine = this.machines.find(({ name, address }) => name === wanted || address === wanted);
    if (machine === undefined) throw new Error(`no machine ${wanted} in ${this.info.name}`);
    return machine;
  }

  /** Names that a fault can be aimed at. */
  targets(): readonly string[] {
    return [...this.machines.map(({ name }) => name), "all"];
  }

  /** Gives a sentence that says what happens from now on. */
  async fault({ target, fault, forMs, times, match }: FaultRequest): Promise<string> {
    const hit = target === "all" ? this.machines : [this.machine(target)];
    if (fault === "clear") {
      for (const machine of hit) {
        machine.calls.clear();
        for (const state of machine.states) await machine.clearState(state);
      }
      return `${target}: all faults are cleared`;
    }
    const known = faultNamed(TALOS_FAULTS, fault, " of a Talos machine");
    for (const machine of hit) {
      if (known.scope === "event") await machine.happen(known.name);
      else if (known.scope === "call")
        machine.calls.arm(known.name, { forMs, times, match: match ?? usualCall(known.name) });
      else {
        await machine.setState(known.name);
        if (forMs !== undefined) {
          this.#pace.afterWall(forMs, () => void machine.clearState(known.name));
        }
      }
    }
    return `${target}: ${known.description}`;
  }

  status(): TalosClusterStatus {
    return {
      name: this.info.name,
      talos: this.info.talos,
      leader: this.kubernetes.leaderName(),
      machines: this.machines.map((machine) => ({
        name: machine.name,
        address: machine.address,
        type: machine.store.config.type,
        on: machine.isOn,
        faults: machine.states,
        problem: machine.problem,
        serving: serial(machine.apid.certificates?.server),
        ready: machine.isKubernetesReady(),
      })),
    };
  }

  async close(): Promise<void> {
    this.#pace.stop();
    for (const forwarder of this.#forwarders) await forwarder.close();
    await Promise.all(this.machines.map((machine) => machine.close()));
    await this.network.close();
  }
}

/** What happens after success is about changes, unless somebody says otherwise. */
function usualCall(fault: FaultName<"talos", "call">): string | undefined {
  return fault.endsWith("-after-success") ? "ApplyConfiguration" : undefined;
}

interface ClusterParts {
  readonly info: TalosClusterInfo;
  readonly secrets: SecretsBundle;
  readonly machines: readonly Machine[];
  readonly kubernetes: Kubernetes;
  readonly network: Network;
  readonly pace: Pace;
  readonly forwarders: readonly Forwarder[];
}

export interface TalosClusterStatus {
  readonly name: string;
  readonly talos: string;
  /** Whose controller manager leads. */
  readonly leader: string | null;
  readonly machines: readonly MachineStatus[];
}

interface MachineStatus {
  readonly name: string;
  readonly address: string;
  readonly type: string;
  readonly on: boolean;
  readonly faults: readonly string[];
  readonly problem: string | null;
  /** Serial number of the certificate that its API shows. */
  readonly serving: string | null;
  /** As a Kubernetes node. */
  readonly ready: boolean;
}

function names(options: TalosClusterOptions): readonly { name: string; isControlPlane: boolean }[] {
  const numbered = (kind: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
  return [
    ...numbered("controlplane", options.controlPlanes ?? 3).map((name) => ({ name, isControlPlane: true })),
    ...numbered("worker", options.workers ?? 2).map((name) => ({ name, isControlPlane: false })),
  ];
}

/** Control planes have to be up for workers to get certificates, API servers for kubelets. */
async function startMachines(machines: readonly Machine[]): Promise<void> {
  const controlPlanes = machines.filter(({ isControlPlane }) => isControlPlane);
  const workers = machines.filter(({ isControlPlane }) => !isControlPlane);
  await Promise.all(controlPlanes.map((machine) => machine.startApi()));
  await Promise.all(workers.map((machine) => machine.startApi()));
  for (const machine of controlPlanes) await machine.startControlPlane();
  await Promise.all(machines.map((machine) => machine.startKubelet()));
}

function vipHolder(machines: readonly Machine[]): Machine | undefined {
  return machines.find((machine) => machine.isControlPlane && machine.isOn && machine.apid.server.isOpen);
}

async function openForwarders(machines: readonly Machine[], network: Network): Promise<readonly Forwarder[]> {
  let next = 0;
  const balancer = new Forwarder(() => {
    const up = machines.filter(({ controlPlane }) => controlPlane?.view != null);
    const machine = up[next++ % Math.max(up.length, 1)];
    const port = machine?.store.config.apiServerPort ?? KUBERNETES_PORT;
    return machine === undefined ? null : route(network.routes(), machine.address, port);
  });
  const shared = new Forwarder(() => {
    const holder = vipHolder(machines);
    return holder === undefined ? null : route(network.routes(), holder.address, APID_PORT);
  });
  await balancer.open(network, network.vip, KUBERNETES_PORT);
  await shared.open(network, network.vip, APID_PORT);
  return [balancer, shared];
}

function members(machines: readonly Machine[], vip: string): readonly DiscoveredMember[] {
  return machines.flatMap((machine) => {
    if (machine.has("undiscovered")) return [];
    return [
      {
        addresses: machine.has("vip-first") ? [vip, machine.address] : [machine.address],
        ...(machine.isControlPlane ? { controlPlane: { port: machine.store.config.apiServerPort } } : {}),
        hostname: machine.name,
        machineType: machine.store.config.type,
        nodeId: machine.nodeId,
        operatingSystem: `Talos (${machine.dialect.tag})`,
      },
    ];
  });
}

interface Written {
  readonly clusterName: string;
  readonly dialect: TalosDialect;
  readonly layout: KubernetesLayout;
  readonly secrets: SecretsBundle;
  readonly machines: readonly Machine[];
  readonly network: Network;
  readonly now: number;
}

async function writeFiles(options: TalosClusterOptions, made: Written): Promise<TalosClusterInfo> {
  const { clusterName, dialect, layout, secrets, machines, network, now } = made;
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const executables = await writeExecutables(directory, {
    client: options.client ?? dialect.minor,
    routes: network.routes(),
    dialTimeoutMs: options.dialTimeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS,
    ...(options.callLog === undefined ? {} : { callLog: options.callLog }),
  });
  const describe = (isControlPlane: boolean): readonly MachineInfo[] =>
    machines
      .filter((machine) => machine.isControlPlane === isControlPlane)
      .map(({ name, address }) => ({ name, address }));
  const clientConfig = async (role: string): Promise<string> => {
    const profile = { organizations: [role], usage: "clientAuth", now, hours: YEAR_HOURS } as const;
    const client = await issue(secrets.talos, profile);
    const endpoints = describe(true).map(({ address }) => address);
    return makeTalosconfig({ context: clusterName, endpoints, ca: secrets.talos.crt, ...client });
  };
  return {
    ...executables,
    name: clusterName,
    directory,
    talos: dialect.tag,
    layout,
    talosconfig: await writeSecret(join(directory, "talosconfig"), await clientConfig("os:admin")),
    readerTalosconfig: await writeSecret(
      join(directory, "talosconfig-reader"),
      await clientConfig("os:reader"),
    ),
    secrets: await writeSecret(join(directory, "secrets.yaml"), printSecrets(secrets)),
    endpoint: `https://${network.vip}:${KUBERNETES_PORT}`,
    controlPlanes: describe(true),
    workers: describe(false),
  };
}

function serial(pair: PemPair | undefined): string | null {
  return pair === undefined ? null : readCertificate(pair.crt).serialNumber;
}

/** 0600 also when the file was there with other rights. */
async function writeSecret(path: string, text: string): Promise<string> {
  await rm(path, { force: true });
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
  return path;
}
