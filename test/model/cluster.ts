import { Failure } from "../../src/failure.ts";
import type { ObserveScope, TransitionReply, TransitionRequest } from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { LiveComponent } from "../../src/rotation/observation.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { CLUSTER } from "../world/host-rotation.ts";
import { Agent, type AgentKind } from "./agent.ts";
import { EmulatedAuthority, type Release } from "./authority.ts";
import type { WalkClock } from "./clock.ts";

const CALL_MS = 150;

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
  readonly #clock: WalkClock;
  readonly #release: Release;
  readonly #staleMs: number;
  #reads = 0;
  #joined = 0;

  constructor(clock: WalkClock, types: readonly string[], release: Release, staleMs: number) {
    this.#clock = clock;
    this.#release = release;
    this.#staleMs = staleMs;
    this.authorities = types.map((type) => new EmulatedAuthority(type, clock, release));
    this.join("auth_server", "turing");
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
      remoteClusters: [],
      credentials: { source: "ambient", path: null, problem: null, notAfter: null, trusts: [] },
      unread: [],
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
    for (const authority of this.authorities) authority.tick();
    const host = this.authority("host");
    const server = this.agents.find(({ kind }) => kind === "auth_server")?.presents() ?? [];
    for (const agent of this.agents) agent.live(host, server);
  }
}

function refused(code: "denied" | "refused", message: string): TransitionReply {
  return { accepted: false, message, failure: new Failure(code, message) };
}
