import type { PemPair } from "./certificates.ts";
import type { Dialect, KubernetesLayout } from "./dialect.ts";
import type { SecretsBundle } from "./secrets-bundle.ts";
import { encode } from "./values.ts";

/**
 * Machine configurations as `talosctl gen config` leaves them: several documents, comments, block scalars. Their
 * bytes outside of the CA fields must survive a rotation, so they are written as text and not by a YAML library.
 */
export interface ConfigTextOptions {
  readonly type: "controlplane" | "worker";
  readonly hostname: string;
  readonly clusterName: string;
  readonly vip: string;
  readonly layout: KubernetesLayout;
  readonly dialect: Dialect;
  readonly secrets: SecretsBundle;
  /** Accepted in addition from the start, of nobody's rotation. PEM. */
  readonly foreign: { readonly talos: readonly string[]; readonly kubernetes: readonly string[] };
  /** A corporate root that has nothing to do with the cluster's CAs. PEM. */
  readonly corporateRoot: string;
}

export function machineConfigText(options: ConfigTextOptions): string {
  const documents = [
    mainDocument(options),
    `apiVersion: v1alpha1
kind: HostnameConfig
# The name is chosen by us, not by DHCP.
hostname: ${options.hostname} # must be unique in the cluster
`,
    `apiVersion: v1alpha1
kind: TrustedRootsConfig
name: corporate-root
certificates: |
${indent(options.corporateRoot, 4)}`,
    `apiVersion: v1alpha1
kind: TimeSyncConfig
ntp:
    servers: [time.cloudflare.com, "pool.ntp.org"]   # two are enough
`,
  ];
  if (options.layout === "document") documents.push(...authorityDocuments(options));
  return documents.join("---\n");
}

function mainDocument(options: ConfigTextOptions): string {
  const { type, dialect, secrets, foreign } = options;
  const isControlPlane = type === "controlplane";
  return `version: v1alpha1 # Indicates the schema used to decode the contents.
debug: false # Enable verbose logging to the console.
persist: true
# Provides machine specific configuration options.
machine:
    type: ${type} # Defines the role of the machine within the cluster.
    token: ${secrets.trustdToken} # The \`token\` is used by a machine to join the PKI of the cluster.
    # The root certificate authority of the PKI.
    ca:
${authority(secrets.talos, isControlPlane, 8)}${accepted(foreign.talos, 4)}    # Extra certificate subject alternative names for the machine's certificate.
    certSANs:
        - ${options.vip}
    # Used to provide additional options to the kubelet.
    kubelet:
        image: ghcr.io/siderolabs/kubelet:${dialect.kubernetes} # The \`image\` field is an optional reference to an alternative kubelet image.
        defaultRuntimeSeccompProfileEnabled: true
        disableManifestsDirectory: true

        # # The \`extraArgs\` field is used to provide additional flags to the kubelet.
        # extraArgs:
        #     rotate-server-certificates: "true"
    # Used to provide instructions for installations.
    install:
        disk: /dev/sda
        image: ghcr.io/siderolabs/installer:${dialect.tag}
        wipe: false
    sysctls:
        net.core.somaxconn: "65535" # a string, as sysctls are
        vm.nr_hugepages: '0'
    # Features describe individual Talos features that can be switched on or off.
    features:
        diskQuotaSupport: true
        kubePrism:
            enabled: true
            port: 7445
        hostDNS:
            enabled: true
            forwardKubeDNSToHost: true
    nodeLabels: {topology.kubernetes.io/zone: "zone-a"}
# Provides cluster specific configuration options.
cluster:
    id: ${secrets.clusterId} # Globally unique identifier for this cluster (base64 encoded random 32 bytes).
    secret: ${secrets.clusterSecret} # Shared secret of cluster (base64 encoded random 32 bytes).
    # Provides control plane specific configuration options.
    controlPlane:
        endpoint: https://${options.vip}:6443 # Endpoint is the canonical controlplane endpoint, which can be an IP address or a DNS hostname.
    clusterName: ${options.clusterName} # Configures the cluster's name.
    # Provides cluster specific network configuration options.
    network:
        dnsDomain: cluster.local # The domain used by Kubernetes DNS.
        # The pod subnet CIDR.
        podSubnets:
            - 10.244.0.0/16
        # The service subnet CIDR.
        serviceSubnets:
            - 10.96.0.0/12
    token: ${secrets.bootstrapToken} # The [bootstrap token](https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/) used to join the cluster.
${isControlPlane ? `    secretboxEncryptionSecret: ${secrets.secretboxEncryptionSecret}\n` : ""}${kubernetesAuthority(options)}${isControlPlane ? controlPlaneSections(options) : ""}    # Configures cluster member discovery.
    discovery:
        enabled: true # Enable the cluster membership discovery feature.
        registries:
            kubernetes:
                disabled: true
            service: {}

    # # Use a custom CNI, for example:
    # network:
    #     cni:
    #         name: none
`;
}

function kubernetesAuthority({ layout, type, secrets, foreign }: ConfigTextOptions): string {
  if (layout === "document") return "";
  return `    # The base64 encoded root certificate authority used by Kubernetes.
    ca:
${authority(secrets.kubernetes, type === "controlplane", 8)}${accepted(foreign.kubernetes, 4)}`;
}

function controlPlaneSections({ layout, secrets, dialect, vip }: ConfigTextOptions): string {
  const aggregator =
    layout === "document"
      ? ""
      : `    # The base64 encoded aggregator certificate authority used by Kubernetes for front-proxy certificate generation.
    aggregatorCA:
${authority(secrets.aggregator, true, 8)}`;
  return `${aggregator}    # The base64 encoded private key for service account token generation.
    serviceAccount:
        key: ${encode(secrets.serviceAccountKey)}
    # API server specific configuration options.
    apiServer:
        image: registry.k8s.io/kube-apiserver:${dialect.kubernetes}
        # Extra certificate subject alternative names for the API server's certificate.
        certSANs:
            - ${vip}
    controllerManager:
        image: registry.k8s.io/kube-controller-manager:${dialect.kubernetes}
    scheduler:
        image: registry.k8s.io/kube-scheduler:${dialect.kubernetes}
    # Etcd specific configuration options.
    etcd:
        # The \`ca\` is the root certificate authority of the PKI.
        ca:
${authority(secrets.etcd, true, 12)}`;
}

function authorityDocuments({ type, secrets, foreign }: ConfigTextOptions): readonly string[] {
  const isControlPlane = type === "controlplane";
  const others = isControlPlane ? foreign.kubernetes : [secrets.kubernetes.crt, ...foreign.kubernetes];
  const issuing = isControlPlane ? issuingDocumentPart(secrets.kubernetes) : "";
  const list = others.map((pem) => `    - |\n${indent(pem, 8)}`).join("");
  const acceptedPart = others.length === 0 ? "" : `acceptedCAs:\n${list}`;
  const main = `apiVersion: v1alpha1
kind: KubeAPIServerCAConfig
# The certificate authority of the Kubernetes API.
${issuing}${acceptedPart}`;
  return isControlPlane
    ? [
        main,
        `apiVersion: v1alpha1
kind: KubeAggregatorCAConfig
${issuingDocumentPart(secrets.aggregator)}`,
      ]
    : [main];
}

function issuingDocumentPart({ crt, key }: PemPair): string {
  return `issuingCA:
    cert: |
${indent(crt, 8)}    key: |
${indent(key, 8)}`;
}

function authority({ crt, key }: PemPair, withKey: boolean, spaces: number): string {
  return indent(`crt: ${encode(crt)}\nkey: ${withKey ? encode(key) : '""'}\n`, spaces);
}

function accepted(pems: readonly string[], spaces: number): string {
  if (pems.length === 0) return "";
  const list = pems.map((pem) => `    - crt: ${encode(pem)}\n`).join("");
  return indent(`# Kept for a partner until spring.\nacceptedCAs:\n${list}`, spaces);
}

function indent(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}
