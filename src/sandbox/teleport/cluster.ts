import { randomUUID } from "node:crypto";
import {
  between,
  type Cancel,
  type Clock,
  type Random,
  REAL_CLOCK,
  seededRandom,
  seededUuid,
} from "../clock.ts";
import type { FaultName } from "../faults.ts";
import { Agent, type AgentWorld } from "./agent.ts";
import { agentSpecs } from "./agent-specs.ts";
import { type Authority, AuthorityStore, type StoredAuthority } from "./authority-store.ts";
import { CA_TYPES } from "./ca-types.ts";
import type { AgentlessNode, Settings, WantedCluster } from "./cluster-options.ts";
import type { ComponentRole } from "./component-role.ts";
import { Databases } from "./databases.ts";
import { AUTH_RELOAD_MS, CALL_FAILS_WHILE_RELOADING, drawReloadEffects, followLagMs } from "./follow-pace.ts";
import { isSignedByOneOf } from "./identity-certificate.ts";
import { generateKeys, type KeyGeneration } from "./keys.ts";
import { OverrideServer } from "./override-server.ts";
import { type ReloadEffects, USUAL_ROW_LIFE } from "./presence.ts";
import { PutInPlace } from "./put-in-place.ts";
import { factsOf } from "./release.ts";
import {
  automaticPhase,
  type Entropy,
  generatesKeys,
  type RotationRequest,
  rotate,
} from "./rotation-machine.ts";

/**
 * How many processes open a TLS port and hold real certificates. The rest follow, report and fail in the same
 * way, but are only known by the key that signed them: a thousand ports would prove nothing more.
 */
const ENDPOINT_LIMIT = 32;

const SLOW_FACTOR = 6;
/** Followers are woken in groups, so that ten thousand nodes need few timers. */
const FOLLOW_STEP_MS = 100;
/** The auth server's periodic job runs after one to two of these. */
const TICK_MS = 10_000;

const FIRST_AUTH_SERVER = 0;

/** The trust between a root and a leaf, as either of them knows it. */
export interface ClusterTrust {
  readonly root: TeleportCluster;
  readonly leaf: TeleportCluster;
  /** Milliseconds since 1970. */
  readonly established: number;
  readonly lastHeartbeat: number;
  /** The tunnel stands. */
  readonly isUp: boolean;
  stop(): void;
}

/** A Teleport cluster: its CAs, the processes that follow the host CA, and the server's periodic job. */
export class TeleportCluster {
  readonly options: Settings;
  readonly authorities: AuthorityStore;
  readonly overrides: OverrideServer;
  /** The databases behind its Database Service, and what people gave them. */
  databases: Databases;
  /** What people put into place outside, by hand. */
  inPlace: PutInPlace;
  /** Hears of what goes into the audit log. */
  audit: (event: Readonly<Record<string, unknown>>) => void = () => {};
  /** The user CA as processes know it that do not follow; who is not in it knows the one of now. */
  readonly #knownUserKeys = new Map<string, StoredAuthority>();
  /** Its trust with another cluster. */
  link: ClusterTrust | null = null;
  /** Copies of the CAs of other clusters, by the name of the cluster. */
  readonly #copies = new Map<string, AuthorityStore>();
  readonly #random: Random;
  readonly agentlessNodes: readonly AgentlessNode[];
  readonly #agents: Agent[] = [];
  readonly #timers = new Set<Cancel>();
  /** Transitions are handled one after the other. */
  #writes: Promise<unknown> = Promise.resolve();
  readonly #pending = new Set<Promise<unknown>>();
  #stopped = false;
  #reloadsUntil = Number.NEGATIVE_INFINITY;

  private constructor(options: Settings) {
    this.options = options;
    this.#random = seededRandom(options.seed);
    this.agentlessNodes = options.agentless.map((address, index) => ({
      id: seededUuid(this.#random),
      hostname: `legacy${index + 1}`,
      address,
    }));
    this.authorities = new AuthorityStore(options.clock, this.#random, options.speed);
    this.databases = new Databases(this.authorities, []);
    this.inPlace = new PutInPlace(this.authorities);
    this.overrides = new OverrideServer({
      cluster: options.name,
      clock: options.clock,
      random: this.#random,
      speed: options.speed,
      support: options.overrides,
      authority: (type) => this.authorities.current(type),
      isWorking: (server) => this.#isWorking(server),
    });
  }

  static async create(options: WantedCluster = {}): Promise<TeleportCluster> {
    const wanted = {
      name: "acme.cluster",
      release: "18",
      place: "alone",
      authServers: 1,
      hsm: false,
      agentless: [],
      rowLife: USUAL_ROW_LIFE,
      clockAheadMs: 0,
      awsOidc: false,
      speed: 1,
      nodes: 4,
      endpoints: ENDPOINT_LIMIT,
      seed: Math.floor(Math.random() * 2 ** 32),
      clock: REAL_CLOCK,
      ...options,
    } satisfies WantedCluster;
    const clock = aheadOf(wanted.clock, wanted.clockAheadMs);
    const cluster = new TeleportCluster({ ...factsOf(wanted.release), ...wanted, clock });
    await cluster.#generateAuthorities();
    await cluster.#startAgents();
    cluster.databases = new Databases(
      cluster.authorities,
      cluster.agents.flatMap(({ spec }) => spec.serves.db_server ?? []),
    );
    cluster.inPlace = new PutInPlace(cluster.authorities);
    for (const server of cluster.#authServers) cluster.#scheduleTick(server);
    return cluster;
  }

  get agents(): readonly Agent[] {
    return this.#agents;
  }

  /** Names of the clusters whose CAs it has copies of. */
  get owners(): readonly string[] {
    return [...this.#copies.keys()];
  }

  /** What it knows of another cluster's CAs. */
  copiesOf(owner: string): AuthorityStore {
    const known = this.#copies.get(owner);
    if (known !== undefined) return known;
    const copies = new AuthorityStore(this.options.clock, this.#random, this.options.speed);
    this.#copies.set(owner, copies);
    return copies;
  }

  /** Processes with a role that `tctl get` shows now, in the order of the listings: by host UUID. */
  *present(role: ComponentRole): Iterable<Agent> {
    const now = this.options.clock.now();
    for (const agent of this.#agents) {
      if (!agent.spec.roles.includes(role) || agent.expiresInMs(now) <= 0) continue;
      // The rows of a Kubernetes agent come from two places: one of them stays.
      if (role === "kube_server" || !agent.isHidden(role, now)) yield agent;
    }
  }

  /** In another order every time, as Go walks a map. */
  shuffled<T>(items: readonly T[]): readonly T[] {
    return items
      .map((item) => ({ item, key: this.#random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }

  /** One `auth rotate`. Gives the server's refusal, or `null` when the CA was moved. */
  rotate(type: string, request: RotationRequest): Promise<string | null> {
    const turn = this.#writes.then(() => this.#rotateNow(type, request));
    this.#writes = turn.catch(() => {});
    return turn;
  }

  /** The processes a name stands for: a host name, a host UUID, `KIND/NAME`, `all`, or its place: `leaf`. */
  find(target: string): readonly Agent[] {
    const agents = this.#agents.filter(({ retired }) => !retired);
    if (target === "all" || target === this.options.place) return agents;
    const [kind, name] = target.includes("/") ? target.split("/", 2) : [undefined, target];
    return agents.filter(
      ({ spec }) =>
        (spec.hostname === name || spec.hostId === name) &&
        (kind === undefined || (spec.roles as readonly string[]).includes(kind)),
    );
  }

  /** Starts a component fault on some processes, or ends what they have (`null`). */
  async inject(
    agents: readonly Agent[],
    fault: FaultName<"teleport", "component"> | null,
    options: { readonly forMs?: number; readonly expired?: boolean } = {},
  ): Promise<void> {
    for (const agent of agents) {
      if (fault === "reborn") {
        await this.#giveNewId(agent);
        continue;
      }
      const users = this.authorities.current("user");
      if (fault === "stuck" && users !== undefined) this.#knownUserKeys.set(agent.spec.hostId, users);
      else this.#knownUserKeys.delete(agent.spec.hostId);
      if (fault !== null) {
        await agent.inject(fault, { expired: options.expired ?? false });
        continue;
      }
      await agent.clear();
      this.#wake(agent, between(this.#random, 1000, 3000));
    }
    if (fault !== null && options.forMs !== undefined) {
      this.#later(options.forMs, () => this.inject(agents, null));
    }
  }

  /** Whether a process accepts the certificate of a person: by the user CA as it knows it. */
  letsIn(agent: Agent, identity: string): boolean {
    const users = this.#knownUserKeys.get(agent.spec.hostId) ?? this.authorities.current("user");
    return users === undefined || isSignedByOneOf(identity, [...users.active, ...users.trusted]);
  }

  /** Waits for registrations and key generation that are under way, not for lags. */
  async idle(): Promise<void> {
    await this.#writes;
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.link?.stop();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await this.idle();
    await Promise.all(this.#agents.map((agent) => agent.stop()));
  }

  async #rotateNow(type: string, request: RotationRequest): Promise<string | null> {
    const authority = this.authorities.current(type);
    const { clock, dialect, speed } = this.options;
    if (authority === undefined) {
      return dialect === "v5"
        ? `unsupported certificate authority type: "${type}"`
        : `"${type}" authority type is not supported`;
    }
    const starts = generatesKeys(authority, request);
    const entropy: Entropy<KeyGeneration> = {
      id: randomUUID(),
      // The server that handles the request adds its keys at once; the others wait for their tick.
      keys: starts ? [await this.#generate(type, FIRST_AUTH_SERVER)] : [],
    };
    const outcome = rotate(authority, request, clock.now(), entropy, dialect);
    if (!outcome.ok) return outcome.error;
    this.authorities.write(starts ? onFastClock(outcome.authority, speed) : outcome.authority);
    if (type === "host") this.#announceHostAuthority();
    return null;
  }

  /** Processes watch the host CA: each notices after its own while, and those it cuts off notice at once. */
  #announceHostAuthority(): void {
    const phase = this.#hostAuthority().rotation?.phase ?? "standby";
    const groups = new Map<number, Agent[]>();
    for (const agent of this.#agents) {
      agent.refuseIfUntrusted();
      const factor = agent.fault === "slow" ? SLOW_FACTOR : agent.fault === "lying" ? 0 : 1;
      const lag = followLagMs(this.options.dialect, agent.spec, phase, this.#random) * factor;
      const step = Math.ceil(lag / FOLLOW_STEP_MS);
      const group = groups.get(step);
      if (group === undefined) groups.set(step, [agent]);
      else group.push(agent);
    }
    for (const [step, group] of groups) {
      this.#later((step * FOLLOW_STEP_MS) / this.options.speed, () =>
        Promise.all(group.map((agent) => agent.follow())),
      );
    }
  }

  #wake(agent: Agent, lagMs: number): void {
    this.#later(lagMs / this.options.speed, () => agent.follow());
  }

  /** A timer that ends with the cluster, and whose work `idle` waits for. */
  #later(ms: number, run: () => Promise<unknown>): void {
    if (this.#stopped) return;
    const cancel = this.options.clock.after(ms, () => {
      this.#timers.delete(cancel);
      const work = run()
        .catch(() => {})
        .finally(() => this.#pending.delete(work));
      this.#pending.add(work);
    });
    this.#timers.add(cancel);
  }

  get #authServers(): readonly number[] {
    return Array.from({ length: this.options.authServers }, (_, index) => index);
  }

  #scheduleTick(server: number): void {
    this.#later((TICK_MS * between(this.#random, 1, 2)) / this.options.speed, async () => {
      this.#scheduleTick(server);
      for (const type of this.authorities.types) {
        if (this.options.hsm) await this.#addOwnKeys(type, server);
        await this.#advance(type);
      }
      if (this.options.hsm && this.#isWorking(server)) await this.overrides.signMissing(server);
    });
  }

  /** What an auth server with an HSM does about a CA that has no key of its own for the time to come. */
  #addOwnKeys(type: string, server: number): Promise<void> {
    const turn = this.#writes.then(async () => {
      const authority = this.authorities.current(type);
      if (authority === undefined || !this.#isWorking(server)) return;
      const { phase } = authority.rotation ?? { phase: "standby" };
      if (phase !== "init" && phase !== "standby") return;
      const kept = phase === "init" ? authority.trusted : [...authority.active, ...authority.trusted];
      if (kept.some(({ holder }) => holder === server)) return;
      const keys = await this.#generate(type, server);
      this.authorities.write({ ...authority, trusted: [...authority.trusted, keys] });
      if (type === "host") for (const agent of this.#agents) agent.trustAnew();
    });
    this.#writes = turn.catch(() => {});
    return turn;
  }

  #isWorking(server: number): boolean {
    const agent = this.#agents.find(
      ({ spec }) => spec.authServer === server && spec.roles.includes("auth_server"),
    );
    return agent?.alive === true && agent.fault !== "stuck";
  }

  async #advance(type: string): Promise<void> {
    const rotation = this.authorities.current(type)?.rotation;
    if (rotation === undefined || rotation === null) return;
    const phase = automaticPhase(rotation, this.options.clock.now());
    if (phase === null) return;
    await this.rotate(type, { phase, mode: "auto", gracePeriodMs: rotation.gracePeriodMs });
  }

  async #generateAuthorities(): Promise<void> {
    const { types } = this.options;
    const holders = this.options.hsm ? this.#authServers : [FIRST_AUTH_SERVER];
    const generated = types.map(async (type) => ({
      type,
      active: await Promise.all(holders.map((server) => this.#generate(type, server))),
    }));
    for (const { type, active } of await Promise.all(generated)) {
      this.authorities.write({ type, active, trusted: [], rotation: null });
    }
  }

  #generate(type: string, server: number): Promise<KeyGeneration> {
    const { name, clock, dialect, hsm } = this.options;
    const protocols = CA_TYPES.find((known) => known.name === type)?.keys ?? [];
    return generateKeys(protocols, name, clock.now(), dialect, hsm ? server : null);
  }

  async #startAgents(): Promise<void> {
    const { clock, speed, endpoints, rowLife } = this.options;
    const specs = agentSpecs(this.options, this.#random).map((spec, index) => ({
      ...spec,
      endpoint: index < endpoints,
    }));
    const now = clock.now();
    // Nodes announced themselves at different times before the sandbox was looked at.
    const joined = specs.map((spec) =>
      Agent.join(spec, this.#world, now - between(this.#random, 0, rowLife.announceMs) / speed),
    );
    this.#agents.push(...(await Promise.all(joined)));
    this.#agents.sort((a, b) => (a.spec.hostId < b.spec.hostId ? -1 : 1));
  }

  get #world(): AgentWorld {
    const { name: cluster, clock, speed, rowLife } = this.options;
    return {
      ...{ cluster, clock, speed, rowLife },
      hostAuthority: () => this.#hostAuthority(),
      reloadEffects: (agent) => this.#reloadEffects(agent),
    };
  }

  /** Whoever runs the auth server takes everybody's connection along when it reloads. */
  #reloadEffects(agent: Agent): ReloadEffects | null {
    const { clock, dialect, speed } = this.options;
    const effects = drawReloadEffects(dialect, agent.spec, this.#random);
    if (effects === null || !agent.spec.roles.includes("auth_server")) return effects;
    const back = (range: { readonly from: number; readonly to: number }) =>
      clock.now() + between(this.#random, range.from, range.to) / speed;
    this.#reloadsUntil = back(AUTH_RELOAD_MS);
    for (const other of this.#agents) if (other !== agent) other.disconnect(back({ from: 500, to: 3000 }));
    return effects;
  }

  /** Whether a call comes at a moment at which the auth server reloads, and fails. */
  failsAsItReloads(): boolean {
    return this.options.clock.now() < this.#reloadsUntil && this.#random() < CALL_FAILS_WHILE_RELOADING;
  }

  /** Without its storage a process is somebody else to the cluster: a new host id, and a certificate of now. */
  async #giveNewId(agent: Agent): Promise<void> {
    await agent.retire();
    const spec = { ...agent.spec, hostId: seededUuid(this.#random) };
    this.#agents.push(await Agent.join(spec, this.#world, this.options.clock.now()));
    this.#agents.sort((a, b) => (a.spec.hostId < b.spec.hostId ? -1 : 1));
  }

  #hostAuthority(): StoredAuthority {
    const authority = this.authorities.current("host");
    if (authority === undefined) throw new Error("the cluster has no host authority");
    return authority;
  }
}

function aheadOf(clock: Clock, ms: number): Clock {
  return ms === 0 ? clock : { now: () => clock.now() + ms, after: (wait, run) => clock.after(wait, run) };
}

/** The schedule as it comes true here: whoever reads it has no other clock than the real one. */
function onFastClock(authority: Authority, speed: number): Authority {
  const { rotation } = authority;
  if (rotation?.schedule == null) return authority;
  const started = rotation.started ?? 0;
  const scaled = (at: number) => Math.round(started + (at - started) / speed);
  const { update_clients, update_servers, standby } = rotation.schedule;
  const schedule = {
    update_clients: scaled(update_clients),
    update_servers: scaled(update_servers),
    standby: scaled(standby),
  };
  return { ...authority, rotation: { ...rotation, schedule } };
}
