import { encodeBase64 } from "../values.ts";
import type { PemPair } from "./certificates.ts";
import { STATIC_PODS } from "./control-plane.ts";
import { podStatus } from "./kubernetes.ts";
import { acceptedByKubernetes, acceptedByTalos } from "./machine-config.ts";
import type { MachineParts } from "./machine-parts.ts";

/** What `talosctl get` shows: types, aliases and specs (TA 2.3, 3.1, 3.8). */
export interface CosiResource {
  readonly metadata: ResourceMetadata;
  readonly spec: unknown;
}

/** In the order in which YAML shows it. */
export interface ResourceMetadata {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly phase: "running";
  readonly created: string;
  readonly updated: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ResourceKind {
  readonly type: string;
  readonly aliases: readonly string[];
  readonly namespace: string;
  readonly owner: string;
  /** Only for `os:admin`. */
  readonly sensitive: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly list: (machine: MachineParts) => readonly { readonly id: string; readonly spec: unknown }[];
}

const KINDS: readonly ResourceKind[] = [
  {
    type: "MachineConfigs.config.talos.dev",
    aliases: ["machineconfigs", "machineconfig", "mc"],
    namespace: "config",
    owner: "",
    sensitive: true,
    annotations: { "talos.dev/yaml-spec": "1" },
    list: ({ store }) => [
      { id: "persistent", spec: store.persistent },
      { id: "v1alpha1", spec: store.active },
    ],
  },
  {
    type: "MachineTypes.config.talos.dev",
    aliases: ["machinetypes", "machinetype", "mt"],
    namespace: "config",
    owner: "config.MachineTypeController",
    sensitive: false,
    list: ({ store }) => [{ id: "machine-type", spec: store.config.type }],
  },
  {
    type: "Members.cluster.talos.dev",
    aliases: ["members", "member"],
    namespace: "cluster",
    owner: "cluster.MemberController",
    sensitive: false,
    list: ({ members }) => members().map((spec) => ({ id: spec.hostname, spec })),
  },
  {
    type: "Identities.cluster.talos.dev",
    aliases: ["identities", "identity"],
    namespace: "cluster",
    owner: "cluster.NodeIdentityController",
    sensitive: false,
    list: ({ nodeId }) => [{ id: "local", spec: { nodeId } }],
  },
  {
    type: "OSRootSecrets.secrets.talos.dev",
    aliases: ["osrootsecrets", "osrootsecret"],
    namespace: "secrets",
    owner: "secrets.RootOSController",
    sensitive: true,
    list: ({ store: { config } }) => [
      {
        id: "os",
        spec: {
          issuingCA: config.type === "worker" ? null : printPair(config.talos.issuing),
          acceptedCAs: printList(acceptedByTalos(config)),
          certSANIPs: config.certSANs,
          certSANDNSNames: [],
          token: config.token,
        },
      },
    ],
  },
  {
    type: "ApiCertificates.secrets.talos.dev",
    aliases: ["apicertificates", "apicertificate"],
    namespace: "secrets",
    owner: "secrets.APIController",
    sensitive: true,
    list: ({ apid: { certificates } }) =>
      certificates === null
        ? []
        : [
            {
              id: "api",
              spec: {
                acceptedCAs: printList(certificates.accepted),
                ...(certificates.client === null ? {} : { client: printPair(certificates.client) }),
                server: printPair(certificates.server),
              },
            },
          ],
  },
  {
    type: "TrustdCertificates.secrets.talos.dev",
    aliases: ["trustdcertificates", "trustdcertificate"],
    namespace: "secrets",
    owner: "secrets.TrustdController",
    sensitive: true,
    list: ({ trustdCertificate, store }) =>
      trustdCertificate === null
        ? []
        : [
            {
              id: "trustd",
              spec: {
                acceptedCAs: printList(acceptedByTalos(store.config)),
                server: printPair(trustdCertificate),
              },
            },
          ],
  },
  {
    type: "KubernetesRootSecrets.secrets.talos.dev",
    aliases: ["kubernetesrootsecrets", "kubernetesrootsecret"],
    namespace: "secrets",
    owner: "secrets.RootKubernetesController",
    sensitive: true,
    list: ({ store: { config } }) =>
      config.type === "worker"
        ? []
        : [
            {
              id: "k8s",
              spec: {
                name: config.clusterName,
                endpoint: config.endpoint,
                issuingCA: printPair(config.kubernetes.issuing),
                acceptedCAs: printList(acceptedByKubernetes(config)),
                bootstrapToken: config.bootstrapToken,
              },
            },
          ],
  },
  {
    type: "KubeletSecrets.secrets.talos.dev",
    aliases: ["kubeletsecrets", "kubeletsecret"],
    namespace: "secrets",
    owner: "secrets.KubeletController",
    sensitive: true,
    list: ({ kubelet, store: { config } }) => [
      {
        id: "kubelet",
        spec: {
          endpoint: config.endpoint,
          acceptedCAs: printList(kubelet.accepted),
          bootstrapToken: config.bootstrapToken,
        },
      },
    ],
  },
  {
    type: "Services.v1alpha1.talos.dev",
    aliases: ["services", "service", "svc"],
    namespace: "runtime",
    owner: "v1alpha1.ServiceController",
    sensitive: false,
    list: ({ isControlPlane, kubelet }) => [
      { id: "apid", spec: { running: true, healthy: true, unknown: false } },
      ...(isControlPlane
        ? [
            { id: "etcd", spec: { running: true, healthy: true, unknown: false } },
            { id: "trustd", spec: { running: true, healthy: true, unknown: false } },
          ]
        : []),
      ...(kubelet.service === null
        ? []
        : [{ id: "kubelet", spec: { running: true, healthy: kubelet.service.healthy, unknown: false } }]),
      { id: "machined", spec: { running: true, healthy: true, unknown: false } },
    ],
  },
  {
    type: "StaticPodStatuses.kubernetes.talos.dev",
    aliases: ["staticpodstatuses", "staticpodstatus"],
    namespace: "k8s",
    owner: "k8s.KubeletStaticPodController",
    sensitive: false,
    list: ({ controlPlane, name }) =>
      controlPlane === null
        ? []
        : STATIC_PODS.map((pod) => ({
            id: `kube-system/${pod}-${name}`,
            spec: podStatus(controlPlane.isReady(pod)),
          })),
  },
  {
    type: "SecretStatuses.kubernetes.talos.dev",
    aliases: ["secretstatuses", "secretstatus", "secretsstatus"],
    namespace: "controlplane",
    owner: "k8s.RenderSecretsStaticPodController",
    sensitive: false,
    list: ({ controlPlane }) =>
      controlPlane === null
        ? []
        : [{ id: "static-pods", spec: { ready: true, version: String(controlPlane.secretsVersion) } }],
  },
  {
    type: "TimeStatuses.v1alpha1.talos.dev",
    aliases: ["timestatuses", "timestatus"],
    namespace: "runtime",
    owner: "time.SyncController",
    sensitive: false,
    list: (machine) => [
      {
        id: "node",
        spec: {
          synced: !machine.has("time-unsynced"),
          epoch: 0,
          syncDisabled: machine.has("air-gapped"),
          ...machine.dialect.moreTimeStatus,
        },
      },
    ],
  },
  {
    type: "MachineStatuses.runtime.talos.dev",
    aliases: ["machinestatuses", "machinestatus"],
    namespace: "runtime",
    owner: "runtime.MachineStatusController",
    sensitive: false,
    list: (machine) => [{ id: "machine", spec: machineStatus(machine) }],
  },
];

function machineStatus({ kubelet, controlPlane, name, isKubernetesReady }: MachineParts): unknown {
  const notReady = STATIC_PODS.filter((pod) => controlPlane !== null && !controlPlane.isReady(pod));
  const unmetConditions = [
    ...(kubelet.service?.healthy === true ? [] : [{ name: "services", reason: "kubelet not running" }]),
    ...(notReady.length === 0
      ? []
      : [
          {
            name: "staticPods",
            reason: notReady.map((pod) => `kube-system/${pod}-${name} not ready`).join(", "),
          },
        ]),
    ...(isKubernetesReady() ? [] : [{ name: "nodeReady", reason: "node is not ready" }]),
  ];
  return { stage: "running", status: { ready: unmetConditions.length === 0, unmetConditions } };
}

/** By full type name or alias, in any case, as talosctl resolves it. */
export function cosiKind(name: string): ResourceKind | undefined {
  const wanted = name.toLowerCase();
  return KINDS.find(({ type, aliases }) => type.toLowerCase() === wanted || aliases.includes(wanted));
}

/** Versions and times of one machine's resources: a version counts up when somebody sees another spec. */
export class ResourceLedger {
  readonly #entries = new Map<string, { metadata: ResourceMetadata; spec: string }>();

  list(kind: ResourceKind, machine: MachineParts): readonly CosiResource[] {
    const present = kind.list(machine);
    const ids = new Set(present.map(({ id }) => `${kind.type}/${id}`));
    // Destroyed and made again is a new resource, with a first version.
    for (const key of this.#entries.keys()) {
      if (key.startsWith(`${kind.type}/`) && !ids.has(key)) this.#entries.delete(key);
    }
    return present.map(({ id, spec }) => ({ metadata: this.#stamp(kind, id, spec), spec }));
  }

  /** So that changes between two looks are counted, too. */
  note(machine: MachineParts): void {
    for (const kind of KINDS) this.list(kind, machine);
  }

  #stamp(kind: ResourceKind, id: string, spec: unknown): ResourceMetadata {
    const key = `${kind.type}/${id}`;
    const printed = JSON.stringify(spec);
    const known = this.#entries.get(key);
    if (known?.spec === printed) return known.metadata;
    const metadata: ResourceMetadata = {
      namespace: kind.namespace,
      type: kind.type,
      id,
      version: (known?.metadata.version ?? 0) + 1,
      owner: kind.owner,
      phase: "running",
      created: known?.metadata.created ?? now(),
      updated: now(),
      ...(kind.annotations === undefined ? {} : { annotations: kind.annotations }),
    };
    this.#entries.set(key, { metadata, spec: printed });
    return metadata;
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function printPair(pair: PemPair | null): unknown {
  return pair === null ? null : { crt: encodeBase64(pair.crt), key: encodeBase64(pair.key) };
}

function printList(pems: readonly string[]): readonly unknown[] {
  return pems.map((pem) => ({ crt: encodeBase64(pem) }));
}
