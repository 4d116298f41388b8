import { encodeBase64 } from "../values.ts";
import type { PemPair } from "./certificates.ts";
import type { KubernetesLayout, TalosDialect } from "./dialect.ts";
import type { SecretsBundle } from "./secrets-bundle.ts";

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
  readonly dialect: TalosDialect;
  readonly secrets: SecretsBundle;
  /** Accepted in addition from the start, of nobody's rotation. PEM. */
  readonly foreign: { readonly talos: readonly string[]; readonly kubernetes: readonly string[] };
  /** Of the machine's own API server; `null` leaves Talos' own. */
  readonly apiServerPort: number | null;
  /** A corporate root that has nothing to do with the cluster's CAs. PEM. */
  readonly corporateRoot: string;
}

export function machineConfigText(options: ConfigTextOptions): string {
  const hostname = `apiVersion: v1alpha1
kind: HostnameConfig
# The name is chosen by us, not by DHCP.
hostname: ${options.hostname} # must be unique in the cluster
`;
  const documents = [
    ...(options.layout === "document"
      ? manyDocuments(options, hostname)
      : [legacyMainDocument(options), hostname]),
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
  return documents.join("---\n");
}

function legacyMainDocument(options: ConfigTextOptions): string {
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
${options.apiServerPort === null ? "" : `        localAPIServerPort: ${options.apiServerPort} # The port that the API server listens on internally.\n`}    clusterName: ${options.clusterName} # Configures the cluster's name.
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

function kubernetesAuthority({ type, secrets, foreign }: ConfigTextOptions): string {
  return `    # The base64 encoded root certificate authority used by Kubernetes.
    ca:
${authority(secrets.kubernetes, type === "controlplane", 8)}${accepted(foreign.kubernetes, 4)}`;
}

function controlPlaneSections({ secrets, dialect, vip }: ConfigTextOptions): string {
  const aggregator = `    # The base64 encoded aggregator certificate authority used by Kubernetes for front-proxy certificate generation.
    aggregatorCA:
${authority(secrets.aggregator, true, 8)}`;
  return `${aggregator}    # The base64 encoded private key for service account token generation.
    serviceAccount:
        key: ${encodeBase64(secrets.serviceAccountKey)}
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

/**
 * As talosctl 1.14.0-rc.1 generates them, in its order (fixtures/recordings/talos): 28 documents for a control plane,
 * of which the first has little left but the CA of the Talos API.
 */
function manyDocuments(options: ConfigTextOptions, hostname: string): readonly string[] {
  const { type, secrets, dialect, foreign, vip, clusterName, apiServerPort } = options;
  const isControlPlane = type === "controlplane";
  const of = (kind: string, rest: string): string => `apiVersion: v1alpha1\nkind: ${kind}\n${rest}`;
  const main = `version: v1alpha1 # Indicates the schema used to decode the contents.
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
        - ${vip}
    #   # Uncomment this to enable SANs.
    #   - 10.0.0.10

    # Features describe individual Talos features that can be switched on or off.
    features:
        diskQuotaSupport: true # Enable XFS project quota support for EPHEMERAL partition and user disks.
    
    # # Configures the logging system.
    # logging:
    #     # Logging destination.
    #     destinations:
    #         - endpoint: tcp://1.2.3.4:12345 # Where to send logs. Supported protocols are "tcp" and "udp".
    #           format: json_lines # Logs format.
# Provides cluster specific configuration options.
cluster:
    token: ${secrets.bootstrapToken} # The [bootstrap token](https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/) used to join the cluster.
${
  isControlPlane
    ? `    # Etcd specific configuration options.
    etcd:
        # The \`ca\` is the root certificate authority of the PKI.
        ca:
${authority(secrets.etcd, true, 12)}        
        # # The container image used to create the etcd service.
        # image: registry.k8s.io/etcd:3.7.1
    
`
    : ""
}    # # Settings for admin kubeconfig generation.
    # adminKubeconfig:
    #     certLifetime: 1h0m0s # Admin kubeconfig certificate lifetime (default is 1 year).
`;
  const common = [
    main,
    of(
      "DiscoveryServiceConfig",
      "name: default # Name of the discovery service configuration.\nendpoint: https://discovery.talos.dev/ # Discovery service endpoint to use.\n",
    ),
    of(
      "DiscoveryIdentityConfig",
      `clusterID: ${secrets.clusterId} # Globally unique identifier for this cluster (base64 encoded random 32 bytes).\nclusterSecret: ${secrets.clusterSecret} # Shared secret of cluster (base64 encoded random 32 bytes).\n`,
    ),
    of(
      "UnattendedInstallConfig",
      `# The installer describes the source of the installation.\ninstaller:\n    image: factory.talos.dev/metal-installer:${dialect.tag} # Allows for supplying the image used to perform the installation.\nprovisioning:\n    # Matches disks to initialize as physical volumes.\n    diskSelector:\n        match: disk.dev_path == "/dev/sda" # CEL expression matching a disk.\n    wipe: false # Indicates if the installation disk should be wiped at installation time.\n`,
    ),
    of(
      "ResolverConfig",
      "# Configuration for host DNS resolver.\nhostDNS:\n    enabled: true # Enable host DNS caching resolver.\n    forwardKubeDNSToHost: true # Use the host DNS resolver as upstream for Kubernetes CoreDNS pods.\n",
    ),
    of(
      "VolumeConfig",
      "name: EPHEMERAL # Name of the volume.\n# The mount describes additional mount options.\nmount:\n    secure: true # Enable secure mount options (nosuid, nodev).\n\n# # The encryption describes how the volume is encrypted.\n# encryption:\n#     provider: luks2 # Encryption provider to use for the encryption.\n#           \n#           # # KMS managed encryption key.\n",
    ),
    of("FilesystemTrimConfig", "interval: 168h0m0s # The interval at which the filesystems are trimmed.\n"),
    of(
      "SecurityProfileConfig",
      "workloadIsolation: true # Enable workload isolation (run the container plane inside the sandbox namespace).\n",
    ),
    hostname,
    of(
      "KubeClusterConfig",
      `clusterName: ${clusterName} # The cluster name.\nendpoint: https://${vip}:6443 # The Kubernetes API endpoint.\n`,
    ),
    of(
      "KubeNodeConfig",
      isControlPlane
        ? '# The `nodeIP` field is used to configure `--node-ip` flag for the kubelet.\nnodeIP: {}\n# Configures the node labels for the machine.\nlabels:\n    node-role.kubernetes.io/control-plane: ""\n# Configures the node taints for the machine. Effect is optional.\ntaints:\n    node-role.kubernetes.io/control-plane: NoSchedule\n'
        : "# The `nodeIP` field is used to configure `--node-ip` flag for the kubelet.\nnodeIP: {}\n",
    ),
    of(
      "KubeletConfig",
      `image: ghcr.io/siderolabs/kubelet:${dialect.kubernetes} # The container image used to run the kubelet component.\n# Provide extra configuration for the kubelet.\nconfig: {}\ndefaultRuntimeSeccompProfileEnabled: true # Enable container runtime default Seccomp profile.\n`,
    ),
    of(
      "KubeNetworkConfig",
      "dnsDomain: cluster.local # The domain used by Kubernetes DNS.\n# The pod subnet (CIDR), this can be a single value or two values for dual-stack clusters.\npodSubnets:\n    - 10.244.0.0/16\nserviceSubnets:\n    - 10.96.0.0/12\n",
    ),
    of("KubeAPIServerCAConfig", kubernetesDocument(options)),
    of("KubePrismConfig", "port: 7445 # KubePrism port.\n"),
  ];
  if (!isControlPlane) return common;
  return [
    ...common,
    of(
      "KubeAggregatorCAConfig",
      `# The currently active issuing certificate authority for the Kubernetes API aggregator flow.\n${issuingDocumentPart(secrets.aggregator)}`,
    ),
    of(
      "KubeAdmissionControlConfig",
      "name: PodSecurity # Admission control plugin name, should be a valid Kubernetes admission control plugin name.\nconfiguration:\n    apiVersion: pod-security.admission.config.k8s.io/v1alpha1\n    kind: PodSecurityConfiguration\n",
    ),
    of(
      "KubeAuditPolicyConfig",
      "configuration:\n    apiVersion: audit.k8s.io/v1\n    kind: Policy\n    rules:\n        - level: Metadata\n",
    ),
    of(
      "KubeAuthenticationConfig",
      "configuration:\n    anonymous:\n        conditions:\n            - path: /livez\n        enabled: true\n    jwt: []\n",
    ),
    of(
      "KubeAuthorizerConfig",
      "name: node # Name of the authorizer, should be be DNS1123 labels like myauthorizername or subdomains like myauthorizer.example.domain.\ntype: Node # Type is the name of the authorizer.\n",
    ),
    of(
      "KubeAuthorizerConfig",
      "name: rbac # Name of the authorizer, should be be DNS1123 labels like myauthorizername or subdomains like myauthorizer.example.domain.\ntype: RBAC # Type is the name of the authorizer.\n",
    ),
    of(
      "KubeEtcdEncryptionConfig",
      `config:\n    resources:\n        - providers:\n            - secretbox:\n                keys:\n                    - name: key2\n                      secret: ${secrets.secretboxEncryptionSecret}\n          resources:\n            - secrets\n`,
    ),
    of(
      "KubeServiceAccountConfig",
      `# The service account issuer configuration.\nissuer:\n    privateKey: | # The key which is used to sign the service account tokens.\n${indent(secrets.serviceAccountKey, 8)}    issuerURL: https://${vip}:6443 # The issuer URL which is used to sign the service account tokens.\n`,
    ),
    of(
      "KubeAPIServerConfig",
      `image: registry.k8s.io/kube-apiserver:${dialect.kubernetes} # The container image used to run the kube-apiserver component.\n${apiServerPort === null ? "" : `apiPort: ${apiServerPort} # The port that the API server listens on.\n`}`,
    ),
    of(
      "KubeControllerManagerConfig",
      `image: registry.k8s.io/kube-controller-manager:${dialect.kubernetes} # The container image used to run the kube-controller-manager component.\n`,
    ),
    of(
      "KubeSchedulerConfig",
      `image: registry.k8s.io/kube-scheduler:${dialect.kubernetes} # The container image used to run the kube-scheduler component.\n# Provide configuration for the kube-scheduler static pod.\nconfig: {}\n`,
    ),
    of(
      "KubeProxyConfig",
      `image: registry.k8s.io/kube-proxy:${dialect.kubernetes} # The container image used in the kube-proxy manifest.\n# Provide configuration for the kube-proxy.\nconfig: {}\n`,
    ),
    of(
      "KubeFlannelCNIConfig",
      "backendType: vxlan # Type of the Flannel backend to use.\nbackendPort: 4789 # UDP port used by Flannel for encapsulating traffic (if the backend type requires encapsulation).\n\n# # Extra arguments for 'flanneld'.\n# extraArgs:\n#     - --iface-can-reach=192.168.1.1\n",
    ),
    of("KubeCoreDNSConfig", "enabled: true # By default, CoreDNS deployment is enabled.\n"),
  ];
}

/** Workers have no issuing CA: what they accept first is the one that signs. */
function kubernetesDocument({ type, secrets, foreign }: ConfigTextOptions): string {
  const isControlPlane = type === "controlplane";
  const others = isControlPlane ? foreign.kubernetes : [secrets.kubernetes.crt, ...foreign.kubernetes];
  const issuing = isControlPlane
    ? `# The currently active issuing certificate authority for the Kubernetes API server.\n${issuingDocumentPart(secrets.kubernetes)}`
    : "";
  // Two spaces after the dash's indentation, as Go's encoder writes a block in a list.
  const list = others.map((pem) => `    - |\n${indent(pem, 6)}`).join("");
  return `${issuing}${others.length === 0 ? "" : `acceptedCAs:\n${list}`}`;
}

function issuingDocumentPart({ crt, key }: PemPair): string {
  return `issuingCA:
    cert: |
${indent(crt, 8)}    key: |
${indent(key, 8)}`;
}

function authority({ crt, key }: PemPair, withKey: boolean, spaces: number): string {
  return indent(`crt: ${encodeBase64(crt)}\nkey: ${withKey ? encodeBase64(key) : '""'}\n`, spaces);
}

function accepted(pems: readonly string[], spaces: number): string {
  if (pems.length === 0) return "";
  const list = pems.map((pem) => `    - crt: ${encodeBase64(pem)}\n`).join("");
  return indent(`# Kept for a partner until spring.\nacceptedCAs:\n${list}`, spaces);
}

function indent(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}
