import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ArmedCalls } from "../armed-calls.ts";
import type { Cancel } from "../clock.ts";
import type { FaultName } from "../faults.ts";
import { branch, encodeBase64, text } from "../values.ts";
import { issueApiCertificates } from "./api-certificates.ts";
import { Apid } from "./apid.ts";
import { mintAuthority, type PemPair } from "./certificates.ts";
import { spell } from "./config-spelling.ts";
import { ConfigStore } from "./config-store.ts";
import { ControlPlane } from "./control-plane.ts";
import { ResourceLedger } from "./cosi-resources.ts";
import type { TalosDialect } from "./dialect.ts";
import { openSslKey } from "./go-pem.ts";
import { Kubelet } from "./kubelet.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { callMachine } from "./machine-api.ts";
import { acceptedByKubelet, type EmulatedConfig } from "./machine-config.ts";
import type { MachineParts } from "./machine-parts.ts";
import type { DiscoveredMember, MachineFault } from "./machine-types.ts";
import type { Network } from "./network.ts";
import { type Pace, Queue } from "./pace.ts";
import { RpcError, type RpcRequest } from "./rpc.ts";
import { HANG_UP, type RpcServer, Truncated } from "./rpc-server.ts";
import { askTrustd, trustdServer } from "./trustd.ts";

export interface MachineOptions {
  readonly name: string;
  readonly address: string;
  readonly isControlPlane: boolean;
  readonly config: string;
  readonly dialect: TalosDialect;
  readonly network: Network;
  readonly pace: Pace;
  readonly random: () => number;
  readonly kubernetes: Kubernetes;
  /** Cluster seconds from an apply to the certificates that follow from it. */
  readonly convergence: number;
  readonly dialTimeoutMs: number;
  readonly cluster: MachineSurroundings;
}

/** The other machines. */
interface MachineSurroundings {
  /** Addresses of control planes whose trustd can be reached. */
  readonly trustds: () => readonly string[];
  readonly members: () => readonly DiscoveredMember[];
  /** Which control plane holds the shared address. */
  readonly holdsVip: (name: string) => boolean;
  readonly machines: () => readonly Machine[];
}

const TRUSTD_ROUND_TRIP_SECONDS = 1;
const TRUSTD_LONGEST_WAIT_SECONDS = 60;
const BOOT_SECONDS = 45;
const REBOOT_DELAY_SECONDS = 3;
const FLAP_SECONDS = 5;
const SLOWNESS = 6;
const SKEW_MS = 2 * 3_600_000;
const THREE_DAYS_MS = 3 * 86_400_000;

/** One Talos machine: its configurations, what follows from them, and how they reach each other. */
export class Machine implements MachineParts {
  readonly name: string;
  readonly address: string;
  readonly isControlPlane: boolean;
  readonly dialect: TalosDialect;
  readonly network: Network;
  readonly pace: Pace;
  readonly random: () => number;
  readonly vip: string;
  readonly nodeId = randomBytes(32).toString("base64url").replace(/[-_]/g, "x");
  readonly ledger = new ResourceLedger();
  readonly calls = new ArmedCalls<FaultName<"talos", "call">>(() => Date.now());
  readonly store: ConfigStore;
  readonly apid: Apid;
  readonly kubelet: Kubelet;
  readonly controlPlane: ControlPlane | null;
  readonly members: () => readonly DiscoveredMember[];
  readonly #options: MachineOptions;
  readonly #firstConfig: string;
  readonly #states = new Set<MachineFault>();
  readonly #power = new Queue();
  readonly #trustd: RpcServer<object> | null;
  #trustdCertificate: PemPair | null = null;
  #refreshRun = 0;
  #problem: string | null = null;
  #flapping: Cancel = () => {};
  #isOn = false;
  #isClosed = false;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#firstConfig = options.config;
    this.name = options.name;
    this.address = options.address;
    this.isControlPlane = options.isControlPlane;
    this.dialect = options.dialect;
    this.network = options.network;
    this.pace = options.pace;
    this.random = options.random;
    this.vip = options.network.vip;
    this.members = options.cluster.members;
    this.store = new ConfigStore(options.config, {
      dialect: options.dialect,
      pace: options.pace,
      changed: (before, after) => this.#configChanged(before, after),
      // After the answer is out.
      reboot: () => this.pace.after(REBOOT_DELAY_SECONDS, () => void this.reboot()),
    });
    this.apid = new Apid({
      context: this,
      dialTimeoutMs: options.dialTimeoutMs,
      isLocal: (address) => this.#isLocal(address),
      serve: (request, roles) => this.#serve(request, roles),
    });
    this.#trustd = options.isControlPlane ? trustdServer(this, () => this.store.config) : null;
    const changed = (): void => options.kubernetes.evaluate();
    this.kubelet = new Kubelet({
      context: this,
      cluster: {
        apiServers: () => options.kubernetes.apiServers(),
        signer: () => options.kubernetes.signer(),
      },
      changed: () => {
        this.ledger.note(this);
        changed();
      },
    });
    const controlPlane: ControlPlane | null = options.isControlPlane
      ? new ControlPlane({
          context: this,
          respond: (path, caller) => options.kubernetes.respond(path, caller),
          managerStarted: () => options.kubernetes.managerStarted(this.#ownControlPlane()),
          managerStopped: () => options.kubernetes.managerStopped(this.#ownControlPlane()),
          changed,
        })
      : null;
    this.controlPlane = controlPlane;
  }

  get trustdCertificate(): PemPair | null {
    return this.#trustdCertificate;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Why its certificates could not be made, if that is so. */
  get problem(): string | null {
    return this.#problem ?? this.controlPlane?.problem ?? null;
  }

  get states(): readonly MachineFault[] {
    return [...this.#states];
  }

  uptimeMs(): number {
    return Math.round(performance.now()) + THREE_DAYS_MS;
  }

  now(): number {
    const skew = this.has("clock-behind") ? -SKEW_MS : this.has("clock-ahead") ? SKEW_MS : 0;
    return Date.now() + skew;
  }

  has(state: MachineFault): boolean {
    return this.#states.has(state);
  }

  seconds(normally: number): number {
    return this.has("slow") ? normally * SLOWNESS : normally;
  }

  readonly isKubernetesReady = (): boolean => this.#options.kubernetes.isReady(this.name);

  /** Everything at once, in the state of a cluster that has been up for long. */
  async startApi(): Promise<void> {
    this.#isOn = true;
    await this.#refresh(++this.#refreshRun);
  }

  async startControlPlane(): Promise<void> {
    await this.controlPlane?.boot(this.store.config);
  }

  async startKubelet(): Promise<void> {
    await this.kubelet.boot(acceptedByKubelet(this.store.config));
  }

  async powerOff(): Promise<void> {
    await this.#power.run(async () => {
      this.#isOn = false;
      this.#refreshRun++;
      this.kubelet.stop();
      await this.controlPlane?.stop();
      await this.#trustd?.close();
      await this.apid.close();
    });
  }

  /**
   * From disk. A control plane makes its certificates itself and always comes back; a worker has nothing until a
   * trustd that it trusts gives it a certificate (TA 5.1).
   */
  async powerOn(): Promise<void> {
    await this.#power.run(async () => {
      if (this.#isClosed || this.#isOn) return;
      this.store.boot();
      this.#isOn = true;
      const refreshed = this.#refresh(++this.#refreshRun);
      if (this.isControlPlane) await refreshed;
      await this.controlPlane?.boot(this.store.config).catch((error: unknown) => this.#fail(error));
      void this.startKubelet();
    });
  }

  async reboot(): Promise<void> {
    await this.powerOff();
    this.pace.after(this.seconds(BOOT_SECONDS), () => void this.powerOn());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#flapping();
    await this.powerOff();
  }

  async setState(state: MachineFault): Promise<void> {
    if (this.#states.has(state)) return;
    this.#states.add(state);
    if (state === "offline") await this.powerOff();
    if (state === "unreachable") this.#mute(true);
    if (state === "flapping") this.#flap();
    this.#options.kubernetes.evaluate();
  }

  async clearState(state: MachineFault): Promise<void> {
    if (!this.#states.delete(state)) return;
    if (state === "offline") await this.powerOn();
    if (state === "unreachable") this.#mute(false);
    if (state === "flapping") {
      this.#flapping();
      await this.#reopen();
    }
    if (state === "kubelet-stuck") this.kubelet.release();
    if (state === "pods-stuck" || state === "time-unsynced" || state === "stuck")
      this.controlPlane?.release();
    if (state === "stuck") {
      this.controlPlane?.update(this.store.config);
      this.kubelet.update(acceptedByKubelet(this.store.config));
      void this.#refresh(++this.#refreshRun);
    }
    this.#options.kubernetes.evaluate();
  }

  async happen(event: FaultName<"talos", "event">): Promise<void> {
    if (event === "reboot") await this.reboot();
    if (event === "renew") void this.#refresh(++this.#refreshRun);
    if (event === "lead" && !this.#options.kubernetes.elect(this.name)) {
      throw new Error(`${this.name} runs no controller manager`);
    }
    if (event === "foreign-ca") await this.#addForeignAuthority();
    if (event === "staged") {
      const data = `${this.store.active}# changed by somebody else\n`;
      await this.store.apply({ data, mode: "staged", dryRun: false, tryTimeoutSeconds: 60 });
    }
    if (event === "folded" || event === "literal" || event === "aliased") {
      this.store.replace(spell(this.store.active, event));
    }
    if (event === "stale-config") this.store.replace(this.#firstConfig);
  }

  async #serve(request: RpcRequest, roles: readonly string[]): Promise<unknown> {
    const fault = this.calls.take(`${request.method} ${text(branch(request.params)["type"])}`, true);
    if (fault === "denied") throw new RpcError("PermissionDenied", "not authorized");
    if (fault === "timeout") return await never();
    const result = await callMachine(this, request.method, request.params, roles);
    if (fault === "timeout-after-success") return await never();
    if (fault === "truncated") return new Truncated(result);
    if (fault === "offline-after-success") {
      await this.setState("offline");
      return HANG_UP;
    }
    return fault === "error-after-success" ? HANG_UP : result;
  }

  #isLocal(address: string): boolean {
    const own = address === this.address || address === this.name || address === "127.0.0.1";
    return own || (address === this.vip && this.#options.cluster.holdsVip(this.name));
  }

  #configChanged(before: EmulatedConfig, after: EmulatedConfig): void {
    this.ledger.note(this);
    if (!this.#isOn) return;
    const secrets = [before, after].map((config) => [config.talos, config.token, config.certSANs]);
    if (!isDeepStrictEqual(secrets[0], secrets[1])) this.#scheduleRefresh();
    if (this.has("stuck")) return;
    this.controlPlane?.update(after);
    this.kubelet.update(acceptedByKubelet(after));
  }

  #scheduleRefresh(): void {
    const run = ++this.#refreshRun;
    const extra = this.isControlPlane ? 0 : TRUSTD_ROUND_TRIP_SECONDS;
    this.pace.after(this.seconds(this.#options.convergence + extra), () => void this.#refresh(run));
  }

  async #refresh(run: number): Promise<void> {
    if (run !== this.#refreshRun || this.has("stuck")) return;
    if (this.isControlPlane) await this.#issueOwn(run);
    else if (!this.has("stale-trust") || this.apid.certificates === null) await this.#renewFromTrustd(run);
    this.ledger.note(this);
  }

  /** When issuance fails, certificates and trust stay as they were. */
  async #issueOwn(run: number): Promise<void> {
    try {
      const { api, trustd } = await issueApiCertificates(this, this.store.config);
      if (run !== this.#refreshRun) return;
      this.#trustdCertificate = trustd;
      await this.#trustd?.open({ cert: trustd.crt, key: openSslKey(trustd.key) });
      if (run !== this.#refreshRun) return;
      await this.apid.use(api);
      this.#problem = null;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Tries until it works or something newer takes over; one random control plane per try. */
  async #renewFromTrustd(run: number): Promise<void> {
    for (let wait = 1; run === this.#refreshRun; wait = Math.min(wait * 2, TRUSTD_LONGEST_WAIT_SECONDS)) {
      const reachable = this.#options.cluster.trustds();
      const chosen = reachable[Math.floor(this.random() * reachable.length)];
      try {
        if (chosen === undefined) throw new Error("no control plane can be reached");
        const timeoutMs = this.#options.dialTimeoutMs;
        const certificates = await askTrustd(this, this.store.config, chosen, timeoutMs);
        if (run !== this.#refreshRun) return;
        await this.apid.use(certificates);
        this.#problem = null;
        return;
      } catch (error) {
        this.#fail(error);
      }
      await this.pace.sleep(wait);
    }
  }

  #fail(error: unknown): void {
    this.#problem = error instanceof Error ? error.message : String(error);
  }

  #mute(on: boolean): void {
    this.apid.server.mute = on;
    if (this.#trustd !== null) this.#trustd.mute = on;
  }

  #flap(): void {
    this.#flapping = this.pace.after(FLAP_SECONDS, () => {
      if (this.apid.server.isOpen) void this.apid.server.close();
      else void this.#reopen();
      this.#flap();
    });
  }

  async #reopen(): Promise<void> {
    if (this.#isOn && this.apid.certificates !== null) await this.apid.use(this.apid.certificates);
  }

  async #addForeignAuthority(): Promise<void> {
    const { crt } = await mintAuthority("talos", { now: Date.now() });
    const entry = `        - crt: ${encodeBase64(crt)}\n`;
    const active = this.store.active;
    this.store.replace(
      active.includes("\n    acceptedCAs:\n")
        ? active.replace("\n    acceptedCAs:\n", `\n    acceptedCAs:\n${entry}`)
        : active.replace("\nmachine:\n", `\nmachine:\n    acceptedCAs:\n${entry}`),
    );
  }

  #ownControlPlane(): ControlPlane {
    if (this.controlPlane === null) throw new Error(`${this.name} is a worker`);
    return this.controlPlane;
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
