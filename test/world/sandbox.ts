import type { RunEvent, RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import type { RunClock } from "../../src/apply/run-clock.ts";
import { makePlan } from "../../src/planner/planner.ts";
import { openPlatform } from "../../src/platforms/open.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import type { ExecutableCall, Runner } from "../../src/process/runner.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type {
  AuthorityResource,
  Backup,
  ClusterResource,
  DesiredState,
  Policy,
} from "../../src/resources/model/desired.ts";
import { type Fingerprint, identify } from "../../src/rotation/observation.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import type { ClusterOptions } from "../../src/sandbox/teleport/cluster-options.ts";
import { readOverrides } from "../../src/teleport/overrides/read-cluster.ts";
import { TimelessTeleport } from "../sandbox/harness.ts";
import { approved } from "./apply.ts";
import { cluster } from "./host-rotation.ts";
import { MemoryStore } from "./memory-store.ts";

interface ApplyWith {
  readonly final?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * The embedded cluster, the real Teleport platform that talks to its `tctl`, and apply, all in this process and on
 * one clock: whoever waits lets the time pass for all of them.
 */
export class SandboxWorld {
  readonly teleport: TimelessTeleport;
  readonly store = new MemoryStore();
  readonly clock: RunClock;
  /** Clusters that trust this one, or that it trusts, and that can be asked. */
  peers: readonly string[] = [];
  /** What git says of the CAs. */
  authorities: readonly AuthorityResource[] = [];
  /** What is seen otherwise than it is, or beside it. */
  seen: (observation: ClusterObservation) => ClusterObservation | Promise<ClusterObservation> = (
    observation,
  ) => observation;
  /** Arguments of every transition that was asked for. */
  readonly rotations: string[] = [];
  #platform: Platform;
  #resource: ClusterResource;

  private constructor(
    teleport: TimelessTeleport,
    policy: Partial<Policy>,
    more: Pick<ClusterResource, "backup"> = {},
  ) {
    this.teleport = teleport;
    this.#resource = { ...cluster(policy), ...more };
    this.clock = {
      now: () => teleport.clock.now(),
      monotonic: () => teleport.clock.now(),
      sleep: async (ms, signal) => {
        signal.throwIfAborted();
        await teleport.pass(ms / 1000);
        signal.throwIfAborted();
      },
    };
    this.#platform = this.#open();
  }

  #open(): Platform {
    const now = () => new Date(this.teleport.clock.now());
    const runner = runnerOf(this.teleport, (rotation) => this.rotations.push(rotation));
    const platform = openPlatform(this.#resource, { runner, now, overrides: "possible" });
    return { ...platform, observe: async (scope) => await this.seen(await platform.observe(scope)) };
  }

  /** The cluster resource names from now on who keeps the private keys. */
  backUpBy(backup: Backup): void {
    this.#resource = { ...this.#resource, backup };
    this.#platform = this.#open();
  }

  static async start(
    options: Partial<ClusterOptions> = {},
    policy: Partial<Policy> = {},
    more: Pick<ClusterResource, "backup"> = {},
    began?: number,
  ): Promise<SandboxWorld> {
    return new SandboxWorld(await TimelessTeleport.start(options, began), policy, more);
  }

  /** A root whose leaf capstan can ask too, and the leaf. */
  static async startPair(
    options: Partial<ClusterOptions> = {},
  ): Promise<{ readonly root: SandboxWorld; readonly leaf: TimelessTeleport }> {
    const pair = await TimelessTeleport.startPair(options);
    const root = new SandboxWorld(pair.root, {});
    const name = pair.leaf.platform.cluster;
    root.peers = [name];
    const asked = openPlatform(
      { ...cluster(), name },
      { runner: runnerOf(pair.leaf), now: () => new Date(root.clock.now()) },
    );
    root.seen = async (observation) => {
      const copies = await asked.observe({ components: "all" }).then(
        (seen) => ({ problem: null, copies: seen.copies }),
        (error: Error) => ({ problem: error.message, copies: [] }),
      );
      return {
        ...observation,
        surroundings: { consumers: [], pins: [], peers: [{ cluster: name, ...copies }] },
      };
    };
    return { root, leaf: pair.leaf };
  }

  desired(rotations: DesiredState["rotations"]): DesiredState {
    return {
      clusters: [{ ...this.#resource, peers: this.peers }],
      authorities: this.authorities,
      rotations,
      overrides: [],
    };
  }

  async apply(
    rotations: DesiredState["rotations"],
    { final = true, signal = NEVER, onEvent = () => {} }: ApplyWith = {},
  ): Promise<{
    readonly outcome: RunOutcome;
    readonly message: string;
    readonly events: readonly RunEvent[];
  }> {
    const events: RunEvent[] = [];
    const desired = this.desired(rotations);
    const outcome = await applyPlan({
      desired,
      parallel: 1,
      commit: "c0ffee",
      platforms: new Map(desired.clusters.map(({ name }) => [name, this.#platform])),
      store: this.store,
      clock: this.clock,
      signal,
      emit(event) {
        events.push(event);
        onEvent(event);
      },
      turnBackOf: () => NEVER,
      approve: async (plan) => approved(plan, final),
      holder: { who: "test", why: "test" },
    });
    const last = events.at(-1);
    return { outcome, message: last?.type === "finished" ? last.message : "", events };
  }

  async plan(rotations: DesiredState["rotations"]): Promise<Plan> {
    const observation = await this.observe();
    const observations = [observation];
    return makePlan({
      desired: this.desired(rotations),
      observations,
      overrides: await readOverrides([], observations),
      records: [await this.store.load(observation.cluster)],
      commit: null,
      now: this.clock.now(),
    });
  }

  observe(): Promise<ClusterObservation> {
    return this.#platform.observe({ components: "all" });
  }

  async keys(
    type: string,
  ): Promise<{ readonly active: readonly Fingerprint[]; readonly trusted: readonly Fingerprint[] }> {
    const live = (await this.observe()).authorities.find((authority) => authority.type === type);
    if (live === undefined) throw new Error(`there is no ${type} CA`);
    return { active: identify(live.active), trusted: identify(live.trusted) };
  }

  async stop(): Promise<void> {
    await this.teleport.platform.stop();
  }
}

/** `tctl` of a cluster in this process; tells of every transition that is asked for. */
function runnerOf(teleport: TimelessTeleport, tell: (rotation: string) => void = () => {}): Runner {
  const call = async ({ argv }: ExecutableCall) => {
    const [, ...words] = argv;
    if (words.includes("rotate")) tell(words.slice(words.indexOf("rotate") + 1).join(" "));
    const { exit, stdout, stderr } = await teleport.tctl(...words);
    return { argv, exitCode: exit, stdout, stderr, durationMs: 1 };
  };
  return {
    run: call,
    stream: async (command, consume) => {
      const outcome = await call(command);
      consume(Buffer.from(outcome.stdout));
      return outcome;
    },
  };
}

const NEVER = new AbortController().signal;
