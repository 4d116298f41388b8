import { Failure } from "../../src/failure.ts";
import type {
  ObserveScope,
  OverrideCall,
  TransitionReply,
  TransitionRequest,
} from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { LiveComponent } from "../../src/rotation/observation.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { CLUSTER } from "../world/host-rotation.ts";
import { Agent, type AgentKind } from "./agent.ts";
import { EmulatedAuthority, type KeyMaker, namedKey, type Release } from "./authority.ts";
import type { WalkClock } from "./clock.ts";
import { EmulatedEntries } from "./entries.ts";
import { EmulatedLeaf } from "./leaf.ts";
import type { SigningKey } from "./signing-key.ts";

const CALL_MS = 150;
/** The CA whose certificates somebody else may sign. */
export const OVERRIDDEN = "db_client";

/** What a cluster may have beside components and CAs. */
interface Around {
  /** Each of two auth servers keeps its keys in an HSM of its own. */
  readonly isHeldInHsm?: boolean;
  readonly hasLeaf?: boolean;
  /** Of the CA that may be overridden; absent: it may not. */
  readonly keys?: readonly SigningKey[] | undefined;
}

/** What the next call of the executable does in place of what it should. */
export type Fault =
  /** The transition happens, and the answer is an error (reference teleport-rotation 1.8). */
  | "error-after-success"
  /** The transition is refused, and nothing happens. */
  | "denied"
  /** The next look fails. */
  | "lost-look";

/**
 * A Teleport cluster in memory that says what the reference says (teleport-rotation). What is true of it stands in
 * `authorities` and `agents`; what is read may be seconds old.
 */
export class EmulatedCluster {
  readonly authorities: readonly EmulatedAuthority[];
  readonly agents: Agent[] = [];
  readonly faults = new Set<Fault>();
  /** Certificates of somebody else in the place of a CA's own; `null` where nobody can have any. */
  readonly entries: EmulatedEntries | null = null;
  readonly leaf: EmulatedLeaf | null = null;
  readonly #clock: WalkClock;
  readonly #release: Release;
  readonly #staleMs: number;
  #reads = 0;
  #joined = 0;

  constructor(
    clock: WalkClock,
    types: readonly string[],
    release: Release,
    staleMs: number,
    around: Around = {},
  ) {
    const { isHeldInHsm = false, hasLeaf = false, keys } = around;
    this.#clock = clock;
    this.#release = release;
    this.#staleMs = staleMs;
    const signers = isHeldInHsm ? 2 : 1;
    const storage = isHeldInHsm ? "PKCS#11 HSM" : "software";
    const made: KeyMaker = (type, number) => {
      const signing = type === OVERRIDDEN ? keys?.[number] : undefined;
      return { ...(signing?.shown ?? namedKey(type, number)), storage };
    };
    this.authorities = types.map((type) => new EmulatedAuthority(type, clock, release, signers, made));
    if (keys !== undefined) this.entries = new EmulatedEntries(this.authority(OVERRIDDEN), keys);
    if (hasLeaf) this.leaf = new EmulatedLeaf();
    this.join("auth_server", "turing");
    if (isHeldInHsm) this.join("auth_server", "hopper");
    this.join("proxy", "turing");
    for (const name of ["n1", "n2", "n3"]) this.join("node", name);
    clock.live = () => this.#live();
  }

  authority(type: string): EmulatedAuthority {
    const found = this.authorities.find((one) => one.type === type);
    if (found === undefined) throw new Error(`there is no CA ${type}`);
    return found;
  }

  /** Somebody joins with what the host CA has now. */
  join(kind: AgentKind, name: string): void {
    this.#joined += 1;
    const lagMs = 1_000 + ((this.#joined * 1_700) % 9_000);
    this.agents.push(new Agent(kind, name, `id-${this.#joined}`, this.authority("host"), lagMs));
  }

  async observe(scope: ObserveScope): Promise<ClusterObservation> {
    this.#clock.pass(CALL_MS);
    this.#reads += 1;
    return {
      cluster: CLUSTER,
      profile: TELEPORT,
      observedAt: new Date(this.#clock.now()).toISOString(),
      versions: { client: this.#release.version, server: this.#release.version },
      authorities: this.authorities.map((one) => (this.#isBehind(one) ? one.before : one.shown())),
      copies: [],
      components: this.#listed(scope),
      remoteClusters: this.leaf === null ? [] : [this.leaf.row()],
      credentials: { source: "ambient", path: null, problem: null, notAfter: null, trusts: [] },
      unread: [],
      ...(this.entries === null ? {} : { overrides: this.entries.shown() }),
      ...(this.leaf === null
        ? {}
        : { surroundings: { consumers: [], peers: [this.leaf.asked()], pins: [] } }),
    };
  }

  async transition({ authority, to, automatic, confirm }: TransitionRequest): Promise<TransitionReply> {
    await confirm?.();
    this.#clock.pass(CALL_MS);
    if (this.faults.delete("denied")) return refused("denied", "access denied");
    const mode = automatic === undefined ? "manual" : "auto";
    const problem = this.authority(authority).move(to, mode, automatic?.gracePeriodMs);
    if (problem !== null) return refused("refused", problem);
    if (!this.faults.delete("error-after-success")) return { accepted: true, message: "" };
    return refused("refused", `can not transition to phase "${to}" from "${to}" phase.`);
  }

  async override({ confirm, ...call }: OverrideCall): Promise<TransitionReply> {
    await confirm?.();
    this.#clock.pass(CALL_MS);
    if (this.faults.delete("denied")) return refused("denied", "access denied");
    const problem = this.entries?.change(call) ?? null;
    return problem === null ? { accepted: true, message: "" } : refused("refused", problem);
  }

  /** Two auth servers answer in turn, and one of them has a cache that is behind. */
  #isBehind({ changedAt }: EmulatedAuthority): boolean {
    return this.#reads % 2 === 1 && this.#clock.trueTime < changedAt + this.#staleMs;
  }

  #listed(scope: ObserveScope): readonly LiveComponent[] {
    const rows = this.agents.filter((one) => one.isListed(this.#clock.trueTime)).map((one) => one.row());
    if (scope.components === "all") return rows;
    const { components, base } = scope;
    return [
      ...base.components.filter(({ kind }) => !components.includes(kind)),
      ...rows.filter(({ kind }) => components.includes(kind)),
    ];
  }

  #live(): void {
    const servers = this.agents.filter(({ kind }) => kind === "auth_server");
    const isUp = servers.map((one) => one.isUp);
    for (const authority of this.authorities) {
      if (isUp.length > 1) authority.addKeys(isUp);
      authority.tick();
    }
    const host = this.authority("host");
    const server = servers[0]?.presents() ?? [];
    this.leaf?.live(this.authorities, server, this.#clock.trueTime);
    for (const agent of this.agents) agent.live(host, server);
  }
}

function refused(code: "denied" | "refused", message: string): TransitionReply {
  return { accepted: false, message, failure: new Failure(code, message) };
}
