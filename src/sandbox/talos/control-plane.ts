import { createServer, type Server } from "node:https";
import { isDeepStrictEqual } from "node:util";
import { issue, type PemPair, YEAR_HOURS } from "./certificates.ts";
import { certificatePool, openSslKey, readCertificate } from "./go-pem.ts";
import type { ApiServerView } from "./kubelet.ts";
import { type ApiServerCaller, answer, authenticate } from "./kubernetes-api.ts";
import { acceptedByKubernetes, type EmulatedConfig } from "./machine-config.ts";
import type { MachineContext } from "./machine-types.ts";
import { closeServer } from "./network.ts";
import { Queue } from "./pace.ts";

export interface ControlPlaneOptions {
  readonly context: MachineContext;
  readonly respond: (path: string, caller: ApiServerCaller) => ApiResponse;
  readonly managerStarted: () => void;
  readonly managerStopped: () => void;
  readonly changed: () => void;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}

export const STATIC_PODS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
export type StaticPod = (typeof STATIC_PODS)[number];

/** From a change of the root secrets to new files, and how long a static pod is away for them. */
const RENDER_SECONDS = 1.5;
const RESTART_SECONDS: Readonly<Record<StaticPod, number>> = {
  "kube-apiserver": 12,
  "kube-controller-manager": 8,
  "kube-scheduler": 6,
};

/** Everything that is rendered from the Kubernetes root secrets of one control plane. */
interface Rendered {
  readonly serving: PemPair;
  readonly issuing: PemPair;
  readonly accepted: readonly string[];
  readonly port: number;
}

type Secrets = Omit<Rendered, "serving">;

/**
 * kube-apiserver, kube-controller-manager and kube-scheduler of one machine (TA 5.3). A change of the root
 * secrets renders everything again and restarts all three; the API server is really gone meanwhile.
 */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #ready = new Map<StaticPod, boolean>();
  readonly #queue = new Queue();
  #server: Server | null = null;
  #secrets: Secrets | null = null;
  #rendered: Rendered | null = null;
  #serving: Rendered | null = null;
  #manager: Rendered | null = null;
  #secretsVersion = 0;
  #renderRun = 0;
  #restartRun = 0;
  #waiting: (() => void) | null = null;
  #problem: string | null = null;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  get secretsVersion(): number {
    return this.#secretsVersion;
  }

  /** Why the last rendering failed. */
  get problem(): string | null {
    return this.#problem;
  }

  /** What the controller manager that runs was started with. */
  get manager(): { readonly root: string; readonly signer: PemPair } | null {
    const manager = this.#manager;
    return manager === null ? null : { root: manager.issuing.crt, signer: manager.issuing };
  }

  get view(): ApiServerView | null {
    if (this.#server === null || this.#serving === null) return null;
    return {
      servingCertificate: readCertificate(this.#serving.serving.crt),
      clientAuthorities: certificatePool(this.#serving.accepted.join("")),
    };
  }

  get servingCertificate(): string | null {
    return this.#rendered?.serving.crt ?? null;
  }

  isReady(pod: StaticPod): boolean {
    return this.#ready.get(pod) ?? false;
  }

  /** At once, when the cluster is made and when the machine has booted. */
  async boot(config: EmulatedConfig): Promise<void> {
    this.#secrets = secretsOf(config);
    await this.#render();
    for (const pod of STATIC_PODS) await this.#startPod(pod);
  }

  update(config: EmulatedConfig): void {
    const secrets = secretsOf(config);
    if (isDeepStrictEqual(secrets, this.#secrets)) return;
    this.#secrets = secrets;
    this.#scheduleRender();
  }

  /** After the fault that kept it back is gone. */
  release(): void {
    this.#waiting?.();
    this.#waiting = null;
  }

  async stop(): Promise<void> {
    this.#renderRun++;
    this.#restartRun++;
    for (const pod of STATIC_PODS) await this.#stopPod(pod);
  }

  #scheduleRender(): void {
    const { context } = this.#options;
    const run = ++this.#renderRun;
    context.pace.after(context.seconds(RENDER_SECONDS), () => {
      if (run !== this.#renderRun) return;
      // Kubernetes certificates are only issued while the clock is in sync (TA 5.2).
      if (context.has("time-unsynced") || context.has("stuck")) {
        this.#waiting = () => this.#scheduleRender();
        return;
      }
      void this.#render().then(() => {
        if (run !== this.#renderRun || this.#problem !== null) return;
        this.#restart().catch((error: unknown) => this.#fail(error));
      });
    });
  }

  /** A key that does not match its certificate stops here: everything stays as it was. */
  async #render(): Promise<void> {
    const { context } = this.#options;
    const secrets = this.#secrets;
    if (secrets === null) return;
    try {
      const serving = await issue(secrets.issuing, {
        commonName: "kube-apiserver",
        organizations: ["kube-master"],
        usage: "serverAuth",
        encipherment: true,
        addresses: [context.vip, context.address, "127.0.0.1", "10.96.0.1"],
        names: [
          "kubernetes",
          "kubernetes.default",
          "kubernetes.default.svc",
          "kubernetes.default.svc.cluster.local",
          "localhost",
          context.name,
        ],
        now: context.now(),
        hours: YEAR_HOURS,
      });
      this.#rendered = { ...secrets, serving };
      this.#secretsVersion++;
      this.#problem = null;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#problem = error instanceof Error ? error.message : String(error);
  }

  async #restart(): Promise<void> {
    const { context } = this.#options;
    const run = ++this.#restartRun;
    for (const pod of STATIC_PODS) {
      await this.#stopPod(pod);
      context.pace.after(context.seconds(RESTART_SECONDS[pod]), () => this.#startWhenAllowed(pod, run));
    }
  }

  #startWhenAllowed(pod: StaticPod, run: number): void {
    if (run !== this.#restartRun) return;
    if (this.#options.context.has("pods-stuck")) {
      const before = this.#waiting;
      this.#waiting = () => {
        before?.();
        this.#startWhenAllowed(pod, run);
      };
      return;
    }
    this.#startPod(pod).catch((error: unknown) => this.#fail(error));
  }

  async #startPod(pod: StaticPod): Promise<void> {
    const rendered = this.#rendered;
    if (rendered === null) return;
    if (pod === "kube-apiserver") await this.#queue.run(() => this.#openServer(rendered));
    this.#ready.set(pod, true);
    if (pod === "kube-controller-manager") {
      this.#manager = rendered;
      this.#options.managerStarted();
    }
    this.#options.changed();
  }

  async #stopPod(pod: StaticPod): Promise<void> {
    this.#ready.set(pod, false);
    if (pod === "kube-apiserver") await this.#queue.run(() => this.#closeServer());
    if (pod === "kube-controller-manager") {
      this.#manager = null;
      this.#options.managerStopped();
    }
    this.#options.changed();
  }

  async #openServer(rendered: Rendered): Promise<void> {
    const { context, respond } = this.#options;
    await this.#closeServer();
    const chain = context.dialect.servesChain
      ? rendered.serving.crt + rendered.issuing.crt
      : rendered.serving.crt;
    const authorities = certificatePool(rendered.accepted.join(""));
    const server = createServer(
      { cert: chain, key: openSslKey(rendered.serving.key), requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const caller = authenticate(request, authorities, context.now());
        answer(response, caller === null ? null : respond(request.url ?? "/", caller));
      },
    );
    server.on("tlsClientError", () => {});
    this.#serving = rendered;
    this.#server = server;
    await context.network.listen(server, context.address, rendered.port);
  }

  async #closeServer(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    await closeServer(server);
  }
}

function secretsOf(config: EmulatedConfig): Secrets {
  return {
    port: config.apiServerPort,
    issuing: config.kubernetes.issuing ?? { crt: "", key: "" },
    accepted: acceptedByKubernetes(config),
  };
}
