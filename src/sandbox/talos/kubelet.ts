import type { X509Certificate } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { issue, type PemPair, YEAR_HOURS } from "./certificates.ts";
import { certificatePool, readCertificate } from "./go-pem.ts";
import { verifyCertificate } from "./go-verify.ts";
import type { MachineContext } from "./machine-types.ts";

export interface KubeletOptions {
  readonly context: MachineContext;
  /** Serving certificates of the API servers that are up, and the CA that signs for kubelets, if anything does. */
  readonly cluster: KubeletSurroundings;
  /** Something that others look at has changed. */
  readonly changed: () => void;
}

interface KubeletSurroundings {
  readonly apiServers: () => readonly ApiServerView[];
  /** The signing CA of the controller manager that leads. */
  readonly signer: () => PemPair | null;
}

export interface ApiServerView {
  readonly servingCertificate: X509Certificate;
  readonly clientAuthorities: readonly X509Certificate[];
}

const STOP_SECONDS = 0.5;
const START_SECONDS = 5;
const HEALTHY_SECONDS = 1;
const BOOTSTRAP_RETRY_SECONDS = 2;

/**
 * The kubelet of a machine (TA 5.3). Any change of the CAs that it accepts, even of their order, restarts it; no
 * change does not. When its client certificate is no longer signed by an accepted CA it loses it and has to
 * bootstrap again, for which it must trust an API server and find a controller manager that signs.
 */
export class Kubelet {
  readonly #options: KubeletOptions;
  #accepted: readonly string[] = [];
  #client: PemPair | null = null;
  /** The Talos service: `null` while it is stopped. */
  #service: { readonly healthy: boolean } | null = null;
  #run = 0;
  #stuck: (() => void) | null = null;

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  get accepted(): readonly string[] {
    return this.#accepted;
  }

  get client(): PemPair | null {
    return this.#client;
  }

  get service(): { readonly healthy: boolean } | null {
    return this.#service;
  }

  /** How often it was started: a no-op change must not raise it. */
  get starts(): number {
    return this.#run;
  }

  /** Without the usual delays, when the cluster is made and when the machine has booted. */
  async boot(accepted: readonly string[]): Promise<void> {
    const run = ++this.#run;
    this.#accepted = accepted;
    if (!this.#clientIsAccepted()) this.#client = null;
    this.#service = { healthy: false };
    await this.#bootstrap(run);
    if (run !== this.#run) return;
    this.#service = { healthy: true };
    this.#options.changed();
  }

  update(accepted: readonly string[]): void {
    if (isDeepStrictEqual(accepted, this.#accepted)) return;
    this.restart(accepted);
  }

  restart(accepted: readonly string[] = this.#accepted): void {
    const { context } = this.#options;
    const run = ++this.#run;
    context.pace.after(context.seconds(STOP_SECONDS), () => {
      if (run !== this.#run) return;
      this.#service = null;
      this.#accepted = accepted;
      if (!this.#clientIsAccepted()) this.#client = null;
      this.#options.changed();
      this.#start(run);
    });
  }

  stop(): void {
    this.#run++;
    this.#service = null;
    this.#options.changed();
  }

  /** After the fault that kept it from starting is gone. */
  release(): void {
    this.#stuck?.();
    this.#stuck = null;
  }

  #start(run: number): void {
    const { context } = this.#options;
    if (context.has("kubelet-stuck")) {
      this.#stuck = () => this.#start(run);
      return;
    }
    context.pace.after(context.seconds(START_SECONDS), () => {
      if (run !== this.#run) return;
      this.#service = { healthy: false };
      this.#options.changed();
      void this.#bootstrap(run).then(() => {
        context.pace.after(context.seconds(HEALTHY_SECONDS), () => {
          if (run !== this.#run) return;
          this.#service = { healthy: true };
          this.#options.changed();
        });
      });
    });
  }

  /** Comes back with a client certificate, however long that takes. */
  async #bootstrap(run: number): Promise<void> {
    const { context, cluster } = this.#options;
    while (this.#client === null) {
      const signer = this.#findTrustedApiServer() === null ? null : cluster.signer();
      if (signer !== null) {
        const client = await issue(signer, {
          commonName: `system:node:${context.name}`,
          organizations: ["system:nodes"],
          usage: "clientAuth",
          encipherment: true,
          now: context.now(),
          hours: YEAR_HOURS,
        }).catch(() => null);
        if (run !== this.#run) return;
        this.#client = client;
      }
      if (this.#client === null) await context.pace.sleep(BOOTSTRAP_RETRY_SECONDS);
      if (run !== this.#run) return;
    }
  }

  #findTrustedApiServer(): ApiServerView | null {
    const roots = certificatePool(this.#accepted.join(""));
    const now = this.#options.context.now();
    const trusted = this.#options.cluster
      .apiServers()
      .find(
        ({ servingCertificate }) =>
          verifyCertificate(servingCertificate, { roots, now, usage: "serverAuth" }) === null,
      );
    return trusted ?? null;
  }

  #clientIsAccepted(): boolean {
    if (this.#client === null) return false;
    const roots = certificatePool(this.#accepted.join(""));
    const now = this.#options.context.now();
    return verifyCertificate(readCertificate(this.#client.crt), { roots, now, usage: "clientAuth" }) === null;
  }

  /** Whether it can report its node's status: one API server and the kubelet accept each other. */
  isInTouch(): boolean {
    if (this.#service === null || this.#client === null) return false;
    const client = readCertificate(this.#client.crt);
    const roots = certificatePool(this.#accepted.join(""));
    const now = this.#options.context.now();
    return this.#options.cluster
      .apiServers()
      .some(
        (server) =>
          verifyCertificate(server.servingCertificate, { roots, now, usage: "serverAuth" }) === null &&
          verifyCertificate(client, { roots: server.clientAuthorities, now, usage: "clientAuth" }) === null,
      );
  }
}
