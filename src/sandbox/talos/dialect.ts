import type { RefusalText } from "./rpc.ts";

/** What differs between the two emulated releases (TA 0). */
export interface TalosDialect {
  readonly minor: TalosMinor;
  readonly tag: string;
  readonly goVersion: string;
  readonly kubernetes: string;
  /** Where freshly generated configurations keep the Kubernetes CA; the older place stays valid. */
  readonly layout: KubernetesLayout;
  /** `--mode` of talosctl. */
  readonly modes: readonly ApplyMode[];
  /** `auto` reboots when a change cannot be applied at once. */
  readonly autoReboots: boolean;
  /** The endpoint asks all nodes of one request; talosctl then exits 0 when at least one answered `version`. */
  readonly serverSideFanOut: boolean;
  /** kube-apiserver sends its CA along with its certificate. */
  readonly servesChain: boolean;
  /** What the status of the clock shows in addition. */
  readonly moreTimeStatus: Readonly<Record<string, unknown>>;
  /** How often a refused client reads no alert, but finds its connection closed; the rest reads the alert. */
  readonly closedBeforeAlert: number;
  /** Kinds of machine configuration documents that the release knows. */
  readonly documents: readonly string[];
}

export const TALOS_MINORS = ["1.13", "1.14"] as const;

export type TalosMinor = (typeof TALOS_MINORS)[number];
export type KubernetesLayout = "legacy" | "document";
export type ApplyMode = "auto" | "no-reboot" | "reboot" | "staged" | "try";

const COMMON_DOCUMENTS = [
  "HostnameConfig",
  "ResolverConfig",
  "TimeSyncConfig",
  "StaticHostConfig",
  "LinkConfig",
  "Layer2VIPConfig",
  "EthernetConfig",
  "NetworkDefaultActionConfig",
  "NetworkRuleConfig",
  "TrustedRootsConfig",
  "VolumeConfig",
  "UserVolumeConfig",
  "RawVolumeConfig",
  "SwapVolumeConfig",
  "ExtensionServiceConfig",
  "KmsgLogConfig",
  "EventSinkConfig",
  "SideroLinkConfig",
  "WatchdogTimerConfig",
  "OOMConfig",
];

const DIALECTS: Readonly<Record<TalosMinor, TalosDialect>> = {
  "1.13": {
    minor: "1.13",
    tag: "v1.13.9",
    goVersion: "go1.26.1",
    kubernetes: "v1.35.4",
    layout: "legacy",
    modes: ["auto", "no-reboot", "reboot", "staged", "try"],
    autoReboots: true,
    serverSideFanOut: true,
    servesChain: false,
    moreTimeStatus: {},
    closedBeforeAlert: 42 / 90,
    documents: COMMON_DOCUMENTS,
  },
  "1.14": {
    minor: "1.14",
    tag: "v1.14.0",
    goVersion: "go1.26.3",
    kubernetes: "v1.36.1",
    layout: "document",
    modes: ["auto", "no-reboot", "staged", "try"],
    autoReboots: false,
    serverSideFanOut: false,
    servesChain: true,
    moreTimeStatus: { spikeDetected: false, consecutiveSpikes: 0 },
    closedBeforeAlert: 21 / 30,
    documents: [
      ...COMMON_DOCUMENTS,
      "DiscoveryServiceConfig",
      "DiscoveryIdentityConfig",
      "UnattendedInstallConfig",
      "FilesystemTrimConfig",
      "SecurityProfileConfig",
      "KubeClusterConfig",
      "KubeNodeConfig",
      "KubeletConfig",
      "KubeNetworkConfig",
      "KubeAPIServerCAConfig",
      "KubePrismConfig",
      "KubeAggregatorCAConfig",
      "KubeAdmissionControlConfig",
      "KubeAuditPolicyConfig",
      "KubeAuthenticationConfig",
      "KubeAuthorizerConfig",
      "KubeEtcdEncryptionConfig",
      "KubeServiceAccountConfig",
      "KubeAPIServerConfig",
      "KubeControllerManagerConfig",
      "KubeSchedulerConfig",
      "KubeProxyConfig",
      "KubeFlannelCNIConfig",
      "KubeCoreDNSConfig",
    ],
  },
};

/**
 * By a number in [0, 1). Counted on loopback with the real executables (fixtures/recordings/talos/README.md); the last
 * two texts are rare there, and common on a network with a delay.
 */
export function drawRefusal({ closedBeforeAlert }: TalosDialect, number: number): RefusalText {
  if (number >= closedBeforeAlert) return "alert";
  const place = number / closedBeforeAlert;
  if (place < 0.8) return "broken pipe";
  return place < 0.9 ? "connection reset by peer" : "EOF";
}

export function dialectOf(minor: TalosMinor): TalosDialect {
  return DIALECTS[minor];
}
