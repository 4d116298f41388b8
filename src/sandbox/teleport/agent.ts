import type { Cancel, Clock } from "../clock.ts";
import type { FaultName } from "../faults.ts";
import { type StoredAuthority, trustedPins } from "./authority-store.ts";
import type { ComponentRole } from "./component-role.ts";
import { Endpoint } from "./endpoint.ts";
import { followAction, outOfSync } from "./follow.ts";
import { type IssuedCertificate, issueHostCertificate, type Pin } from "./keys.ts";
import { AnnouncedRows, type ReloadEffects, type RowLife } from "./presence.ts";
import type { RotationState } from "./rotation-machine.ts";

/** What runs in one process under one host UUID: each of them has a row of its own in the listings. */
export interface AgentSpec {
  readonly hostId: string;
  readonly hostname: string;
  readonly roles: readonly ComponentRole[];
  /** Apps, databases and Kubernetes clusters it serves: one row each. */
  readonly serves: Readonly<Partial<Record<ComponentRole, readonly string[]>>>;
  readonly endpoint: boolean;
  /** The number of the auth server that it talks to; an auth server's own. */
  readonly authServer: number;
}

/** What a process can do by itself; a new id is given by the cluster. */
type OwnFault = Exclude<FaultName<"teleport", "component">, "reborn">;

/** A certificate of this process, known by the CA key that signed it. Only endpoints hold a real one. */
export interface Identity {
  readonly issuer: Pin;
  readonly issued: IssuedCertificate | null;
}

export interface AgentWorld {
  readonly cluster: string;
  readonly clock: Clock;
  readonly speed: number;
  readonly rowLife: RowLife;
  /** The host CA in the backend. */
  hostAuthority(): StoredAuthority;
  /** What becomes of the rows of a process that reloads; `null` where a release does not reload, or nobody sees it. */
  reloadEffects(agent: Agent): ReloadEffects | null;
}

/**
 * One Teleport process: follows the host CA with its own persisted copy of the rotation and two identities, one
 * for dialing and one for serving, and announces itself.
 */
export class Agent {
  readonly spec: AgentSpec;
  readonly #world: AgentWorld;
  readonly #endpoint: Endpoint | null;
  #rotation: RotationState | null = null;
  #client: Identity;
  #server: Identity;
  #fault: OwnFault | null = null;
  readonly #presence: AnnouncedRows;
  #retired = false;
  #problem: string | null = null;
  #cutOff = false;
  /** Certificates of the host CA as it was told of them last: whom it accepts, as a server and as a client. */
  #trusted: readonly string[] = [];
  #following: Promise<void> | null = null;
  #stopFlapping: Cancel | null = null;

  private constructor(spec: AgentSpec, world: AgentWorld, identity: Identity, announcedFrom: number) {
    this.spec = spec;
    this.#world = world;
    this.#client = identity;
    this.#server = identity;
    this.#presence = new AnnouncedRows(world.speed, world.rowLife, announcedFrom);
    this.#endpoint = spec.endpoint ? new Endpoint(() => this.greeting()) : null;
  }

  /** Joins the cluster: gets its first certificate from the host CA and opens its port. */
  static async join(spec: AgentSpec, world: AgentWorld, announcedFrom: number): Promise<Agent> {
    const authority = world.hostAuthority();
    const agent = new Agent(spec, world, await register(spec, world, authority), announcedFrom);
    agent.#rotation = authority.rotation;
    await agent.#openEndpoint();
    return agent;
  }

  /** Its own copy of the rotation, as it reports it. `null` when it never saw one. */
  get rotation(): RotationState | null {
    return this.#rotation;
  }

  get fault(): OwnFault | null {
    return this.#fault;
  }

  get port(): number | null {
    return this.#endpoint?.port ?? null;
  }

  /** Why it does not follow, in the words of its own log. */
  get problem(): string | null {
    return this.#problem;
  }

  get issuers(): { readonly client: Pin; readonly server: Pin } {
    return { client: this.#client.issuer, server: this.#server.issuer };
  }

  /** What it calls others with; `null` while its port is closed, and where it holds no real certificate. */
  get dialing(): { readonly identity: IssuedCertificate; readonly trusted: readonly string[] } | null {
    const identity = this.#client.issued;
    return identity === null || this.#endpoint?.isOpen !== true ? null : { identity, trusted: this.#trusted };
  }

  get alive(): boolean {
    return this.#presence.alive;
  }

  /** Gone for good: it lost its storage, and runs on under another id. */
  get retired(): boolean {
    return this.#retired;
  }

  /** The rotation that its rows show: empty for a while in some releases, `null` like one that never was. */
  shownRotation(now: number): RotationState | null {
    return this.#presence.isEmpty(now) ? null : this.#rotation;
  }

  announcedAt(now: number): number {
    return this.#presence.announcedAt(now);
  }

  expiresInMs(now: number): number {
    return this.#presence.expiresInMs(now);
  }

  expiresAt(now: number): number {
    return this.#presence.expiresAt(now);
  }

  /** Whether its rows of what it serves are away, though it is well. */
  isHidden(role: ComponentRole, now: number): boolean {
    return this.#presence.isHidden(role, now);
  }

  /** Whether the inventory names it. */
  isConnected(now: number): boolean {
    return this.#presence.isConnected(now);
  }

  /** The auth server that it was connected to reloads. */
  disconnect(until: number): void {
    this.#presence.disconnect(until);
  }

  /** Ends for good; its rows stay until they expire. */
  async retire(): Promise<void> {
    await this.clear();
    this.#retired = true;
    await this.#goOffline();
  }

  /** Looks at the host CA and does what a Teleport process does about it. */
  async follow(): Promise<void> {
    // One at a time: a look during a registration waits for it and then looks again.
    while (this.#following !== null) await this.#following;
    if (!this.alive || this.#fault === "stuck") return;
    this.#following = this.#followOnce().finally(() => {
      this.#following = null;
    });
    await this.#following;
  }

  /** The host CA trusts another key, in the same phase as before. */
  trustAnew(): void {
    this.#present();
  }

  /** The auth server stopped trusting the key that signed this process's certificate: nothing gets through. */
  refuseIfUntrusted(): void {
    if (this.spec.roles.includes("auth_server") || this.#cutOff) return;
    if (trustedPins(this.#world.hostAuthority()).has(this.#client.issuer)) return;
    this.#cutOff = true;
    this.#silence();
    this.#problem =
      "the auth server does not accept this certificate: x509: certificate signed by unknown authority";
  }

  async inject(
    fault: FaultName<"teleport", "component">,
    options: { readonly expired: boolean },
  ): Promise<void> {
    await this.clear();
    switch (fault) {
      case "rejoin":
        return this.#rejoin();
      case "offline":
        this.#fault = fault;
        await this.#goOffline();
        if (options.expired) this.#presence.expire();
        return;
      case "flapping":
        this.#fault = fault;
        this.#flap(false);
        return;
      case "slow":
      case "stuck":
      case "lying":
        this.#fault = fault;
    }
  }

  /** Ends the fault. What it missed meanwhile it has missed. */
  async clear(): Promise<void> {
    const fault = this.#fault;
    this.#fault = null;
    this.#stopFlapping?.();
    this.#stopFlapping = null;
    if (!this.alive && !this.#cutOff && !this.#retired) await this.#comeBack();
    if (fault === "lying") await this.#tellTheTruth();
  }

  async stop(): Promise<void> {
    this.#stopFlapping?.();
    this.#silence();
    await this.#following;
    await this.#endpoint?.close();
  }

  greeting(): Readonly<Record<string, unknown>> {
    return { component: this.spec.hostname, phase: this.#rotation?.phase ?? "standby" };
  }

  async #followOnce(): Promise<void> {
    const authority = this.#world.hostAuthority();
    const action = followAction(this.#rotation, authority.rotation);
    if (action === "none") return;
    if (action === "out-of-sync") {
      this.#problem = outOfSync(this.spec.roles[0] ?? "node", this.#rotation, authority.rotation);
      return;
    }
    if (this.#fault !== "lying") {
      const renews = action === "renew-client" || action === "renew";
      const client = renews ? await this.#renewed(authority) : this.#client;
      if (client === null) return;
      // An outage that began during the registration leaves nothing stored.
      if (!this.alive) return;
      this.#client = client;
      if (action === "promote" || action === "renew") this.#server = client;
    }
    this.#rotation = authority.rotation;
    this.#problem = null;
    const effects = action === "store" ? null : this.#world.reloadEffects(this);
    if (effects === null) this.#announce();
    else this.#presence.reload(this.#world.clock.now(), effects);
    this.#present();
  }

  /** A new certificate, or `null` and a problem when its auth server cannot sign one. */
  async #renewed(authority: StoredAuthority): Promise<Identity | null> {
    try {
      return await register(this.spec, this.#world, authority);
    } catch (error) {
      if (!(error instanceof UnableToSign)) throw error;
      this.#problem = error.message;
      return null;
    }
  }

  /** A liar that stops lying gets the certificates that the phase it reports stands for. */
  async #tellTheTruth(): Promise<void> {
    const phase = this.#rotation?.phase;
    if (phase === undefined || phase === "init" || this.#cutOff) return;
    this.#client = await register(this.spec, this.#world, this.#world.hostAuthority());
    if (phase !== "update_clients") this.#server = this.#client;
    this.#present();
  }

  async #rejoin(): Promise<void> {
    const authority = this.#world.hostAuthority();
    this.#cutOff = false;
    this.#problem = null;
    this.#client = await register(this.spec, this.#world, authority);
    this.#server = this.#client;
    this.#rotation = authority.rotation;
    if (!this.alive) await this.#comeBack();
    this.#announce();
    this.#present();
  }

  #flap(alive: boolean): void {
    const turn = alive ? this.#comeBack().then(() => this.follow()) : this.#goOffline();
    turn.catch(() => {});
    this.#stopFlapping = this.#world.clock.after(20_000 / this.#world.speed, () => this.#flap(!alive));
  }

  async #goOffline(): Promise<void> {
    this.#silence();
    await this.#endpoint?.close();
  }

  async #comeBack(): Promise<void> {
    this.#presence.comeBack(this.#world.clock.now());
    await this.#openEndpoint();
  }

  #silence(): void {
    this.#presence.silence(this.#world.clock.now());
  }

  #announce(): void {
    this.#presence.announce(this.#world.clock.now());
  }

  async #openEndpoint(): Promise<void> {
    this.#hearWhomToTrust();
    if (this.#server.issued !== null) await this.#endpoint?.open(this.#server.issued, this.#trusted);
  }

  #present(): void {
    this.#hearWhomToTrust();
    if (this.#server.issued !== null) this.#endpoint?.present(this.#server.issued, this.#trusted);
  }

  #hearWhomToTrust(): void {
    const { active, trusted } = this.#world.hostAuthority();
    this.#trusted = [...active, ...trusted].flatMap((key) => (key.tls === null ? [] : [key.tls.certificate]));
  }
}

/** An auth server with an HSM that has not added its key (reference teleport-rotation 1.9). */
class UnableToSign extends Error {}

/** Asks the auth server for a certificate: signed by the key that is active at that moment. */
async function register(spec: AgentSpec, world: AgentWorld, authority: StoredAuthority): Promise<Identity> {
  const signer = authority.active.find(({ holder }) => holder === null || holder === spec.authServer)?.tls;
  if (signer === undefined || signer === null) {
    throw new UnableToSign(
      `auth server ${spec.authServer + 1} holds no active key of the host CA to sign with`,
    );
  }
  const issuer = signer.fingerprint;
  if (!spec.endpoint) return { issuer, issued: null };
  const host = {
    id: spec.hostId,
    name: spec.hostname,
    role: spec.roles[0] ?? "node",
    cluster: world.cluster,
  };
  return { issuer, issued: await issueHostCertificate(signer, host, world.clock.now()) };
}
