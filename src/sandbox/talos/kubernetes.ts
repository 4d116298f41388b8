import type { PemPair } from "./certificates.ts";
import { type ApiResponse, type ControlPlane, STATIC_PODS } from "./control-plane.ts";
import type { TalosDialect } from "./dialect.ts";
import type { ApiServerView, Kubelet } from "./kubelet.ts";
import { type ApiServerCaller, apiFailure } from "./kubernetes-api.ts";
import type { Pace } from "./pace.ts";

/** A machine as Kubernetes sees it. */
export interface KubernetesMachine {
  readonly name: string;
  readonly address: string;
  readonly isControlPlane: boolean;
  readonly kubelet: Kubelet;
  readonly controlPlane: ControlPlane | null;
}

export interface KubernetesOptions {
  readonly dialect: TalosDialect;
  readonly pace: Pace;
  readonly random: () => number;
}

/** Until somebody else may lead. */
const LEASE_SECONDS = 15;
/** From leading to the config maps being written. */
const PUBLISH_SECONDS = 2;
/** Without news of a kubelet its node is NotReady. */
const GRACE_SECONDS = 40;

/**
 * What the API servers share: which controller manager leads, the config map of the root CA that it publishes, and
 * the nodes. `kube-root-ca.crt` follows the leader's issuing CA and never has two CAs in it (TA 5.3).
 */
export class Kubernetes {
  readonly #options: KubernetesOptions;
  readonly #created = new Date().toISOString();
  readonly #silentSince = new Map<string, number>();
  #machines: readonly KubernetesMachine[] = [];
  #leader: ControlPlane | null = null;
  #term = 0;
  #leaseFree = true;
  #rootAuthority = "";

  constructor(options: KubernetesOptions) {
    this.#options = options;
  }

  get rootAuthority(): string {
    return this.#rootAuthority;
  }

  /** At the cluster's start; the first control plane leads. */
  adopt(machines: readonly KubernetesMachine[]): void {
    this.#machines = machines;
  }

  apiServers(): readonly ApiServerView[] {
    return this.#machines.flatMap(({ controlPlane }) => controlPlane?.view ?? []);
  }

  signer(): PemPair | null {
    return this.#leader?.manager?.signer ?? null;
  }

  leaderName(): string | null {
    return (
      this.#machines.find(({ controlPlane }) => controlPlane !== null && controlPlane === this.#leader)
        ?.name ?? null
    );
  }

  managerStarted(controlPlane: ControlPlane): void {
    if (this.#leader === null && this.#leaseFree) this.#lead(controlPlane);
  }

  /** The lease of a leader that stopped has to run out; even its own next incarnation waits. */
  managerStopped(controlPlane: ControlPlane): void {
    if (this.#leader !== controlPlane) return;
    const term = ++this.#term;
    this.#leader = null;
    this.#leaseFree = false;
    this.#options.pace.after(LEASE_SECONDS, () => {
      if (term !== this.#term) return;
      this.#leaseFree = true;
      const running = this.#machines.flatMap(({ controlPlane: one }) =>
        one !== null && one.manager !== null ? [one] : [],
      );
      const next = running[Math.floor(this.#options.random() * running.length)];
      if (next !== undefined) this.#lead(next);
    });
  }

  /** Makes the controller manager of one machine the leader, if it runs. */
  elect(name: string): boolean {
    const machine = this.#machines.find((one) => one.name === name);
    if (machine?.controlPlane?.manager == null) return false;
    this.#term++;
    this.#leaseFree = true;
    this.#lead(machine.controlPlane);
    return true;
  }

  /** Looks again who is in touch. To be called after anything that may matter. */
  evaluate(): void {
    for (const { name, kubelet } of this.#machines) {
      if (kubelet.isInTouch()) this.#silentSince.delete(name);
      else if (!this.#silentSince.has(name)) this.#silentSince.set(name, Date.now());
    }
  }

  isReady(name: string): boolean {
    const silentSince = this.#silentSince.get(name);
    return silentSince === undefined || Date.now() - silentSince < this.#options.pace.wallMs(GRACE_SECONDS);
  }

  respond(path: string, { groups }: ApiServerCaller): ApiResponse {
    const [route = "/"] = path.split("?");
    if (route === "/readyz" || route === "/livez" || route === "/healthz") return { status: 200, body: "ok" };
    if (route === "/version") return { status: 200, body: this.#version() };
    if (!groups.includes("system:masters")) {
      return apiFailure(403, "Forbidden", `forbidden: User "system:anonymous" cannot get path "${route}"`);
    }
    return (
      this.#list(route) ?? apiFailure(404, "NotFound", "the server could not find the requested resource")
    );
  }

  #lead(controlPlane: ControlPlane): void {
    this.#leader = controlPlane;
    const term = ++this.#term;
    const publish = (): void => {
      const root = controlPlane.manager?.root;
      if (term === this.#term && root !== undefined) this.#rootAuthority = root;
    };
    if (this.#rootAuthority === "") publish();
    else this.#options.pace.after(PUBLISH_SECONDS, publish);
  }

  #list(route: string): ApiResponse | null {
    this.evaluate();
    if (route === "/api/v1/nodes")
      return list(
        "NodeList",
        this.#machines.map((one) => this.#node(one)),
      );
    if (route === "/api/v1/namespaces/kube-system/pods") {
      return list(
        "PodList",
        this.#machines.flatMap((one) => this.#pods(one)),
      );
    }
    const map =
      /^\/api\/v1\/namespaces\/(default|kube-system|kube-public|kube-node-lease)\/configmaps\/(.+)$/.exec(
        route,
      );
    if (map === null) return null;
    const [, namespace = "", name = ""] = map;
    if (name !== "kube-root-ca.crt") return apiFailure(404, "NotFound", `configmaps "${name}" not found`);
    const metadata = { name, namespace, creationTimestamp: this.#created };
    const data = { "ca.crt": this.#rootAuthority };
    return { status: 200, body: { apiVersion: "v1", kind: "ConfigMap", metadata, data } };
  }

  #node({ name, address, isControlPlane }: KubernetesMachine): unknown {
    const ready = this.isReady(name);
    const { tag, kubernetes } = this.#options.dialect;
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        creationTimestamp: this.#created,
        labels: {
          "kubernetes.io/hostname": name,
          ...(isControlPlane ? { "node-role.kubernetes.io/control-plane": "" } : {}),
        },
      },
      status: {
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: name },
        ],
        conditions: [
          {
            type: "Ready",
            status: ready ? "True" : "Unknown",
            reason: ready ? "KubeletReady" : "NodeStatusUnknown",
            message: ready ? "kubelet is posting ready status" : "Kubelet stopped posting node status.",
          },
        ],
        nodeInfo: { kubeletVersion: kubernetes, osImage: `Talos (${tag})` },
      },
    };
  }

  #pods({ name, controlPlane }: KubernetesMachine): readonly unknown[] {
    if (controlPlane === null) return [];
    return STATIC_PODS.map((pod) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `${pod}-${name}`,
        namespace: "kube-system",
        annotations: { "talos.dev/secrets-version": String(controlPlane.secretsVersion) },
      },
      spec: { nodeName: name },
      status: podStatus(controlPlane.isReady(pod)),
    }));
  }

  #version(): unknown {
    const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(this.#options.dialect.kubernetes) ?? [];
    return { major, minor, gitVersion: this.#options.dialect.kubernetes, platform: "linux/amd64" };
  }
}

export function podStatus(ready: boolean): { phase: string; conditions: readonly unknown[] } {
  const status = ready ? "True" : "False";
  return {
    phase: ready ? "Running" : "Pending",
    conditions: ["Initialized", "Ready", "ContainersReady"].map((type) => ({
      type,
      status: type === "Initialized" ? "True" : status,
    })),
  };
}

function list(kind: string, items: readonly unknown[]): ApiResponse {
  return { status: 200, body: { apiVersion: "v1", kind, metadata: { resourceVersion: "" }, items } };
}
