import type { RunEvent, RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { Failure } from "../../src/failure.ts";
import { isInShard, type Shard } from "../../src/fleet/shard.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import type { Lock, RecordStore } from "../../src/record/store.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import type { DesiredState, RotationResource, Wave } from "../../src/resources/model/desired.ts";
import type { HistoryReader } from "../../src/rotation/history.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import { type ClusterRecord, emptyRecord } from "../../src/rotation/record.ts";
import { approved } from "./apply.ts";
import { asWritten } from "./as-written.ts";
import { cluster, desired, rotation } from "./host-rotation.ts";
import { MemoryStore } from "./memory-store.ts";
import { ModelClock, ModelCluster } from "./model-cluster.ts";

/** Records of many clusters, each with a lock that one run has at a time. */
class FleetRecords extends MemoryStore {
  readonly records = new Map<string, ClusterRecord>();
  readonly held = new Set<string>();

  override async load(name: string): Promise<ClusterRecord> {
    return this.records.get(name) ?? emptyRecord(name);
  }

  override async save(record: ClusterRecord): Promise<void> {
    this.records.set(record.cluster, asWritten(record));
  }

  override async lock(name: string): Promise<Lock> {
    if (this.held.has(name)) throw new Failure("locked", `${name} is held`);
    this.held.add(name);
    const lock = await super.lock(name);
    return {
      ...lock,
      release: async () => {
        this.held.delete(name);
        await lock.release();
      },
    };
  }
}

interface FleetOptions {
  readonly waves?: readonly Wave[];
  /** By cluster. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What one machine does in one run. */
interface FleetRun {
  readonly parallel?: number;
  readonly shard?: Shard;
  /** The machine's own view of the record; the shared one of memory by default. */
  readonly store?: RecordStore;
}

/** Many clusters as models, one campaign over all of them, and one clock. */
export class ModelFleet {
  readonly clock = new ModelClock();
  readonly store = new FleetRecords();
  readonly models = new Map<string, ModelCluster>();
  /** `CLUSTER from-to`, in the order in which they happened, on whatever machine. */
  readonly moves: string[] = [];
  /** What is asked before a cluster is looked at; throws in its place. */
  beforeLook: (cluster: string) => void = () => {};
  /** What happens after each move. */
  afterMove: (cluster: string) => void = () => {};
  phase: RotationResource["phase"] = "standby";
  /** What git says of the past of a cluster; nobody asks where there is no git. */
  history: HistoryReader | undefined;
  readonly #options: FleetOptions;

  constructor(options: FleetOptions) {
    this.#options = options;
    for (const name of Object.keys(options.labels)) this.models.set(name, new ModelCluster(this.clock));
  }

  get desired(): DesiredState {
    const { waves, labels } = this.#options;
    const names = [...this.models.keys()];
    const policy = { phaseTimeoutMs: 3_600_000, staleReadMs: 0 };
    return {
      ...desired(names.map((name) => rotation(this.phase, { cluster: name, strategy: "walk" }))),
      clusters: names.map((name) => ({ ...cluster(policy), name, labels: labels[name] ?? {} })),
      repository: { ...DEFAULT_REPOSITORY, ...(waves === undefined ? {} : { waves }) },
    };
  }

  async run({ parallel = 10, shard, store = this.store }: FleetRun = {}): Promise<{
    readonly outcome: RunOutcome;
    readonly events: readonly RunEvent[];
    readonly plan: Plan | undefined;
  }> {
    const names = [...this.models.keys()].filter((name) => shard === undefined || isInShard(name, shard));
    const events: RunEvent[] = [];
    const outcome = await applyPlan({
      desired: this.desired,
      commit: null,
      ...(this.history === undefined ? {} : { history: this.history }),
      parallel,
      platforms: new Map(names.map((name) => [name, this.#platform(name)])),
      store,
      clock: this.clock,
      signal: NEVER,
      turnBackOf: () => NEVER,
      emit: (event) => events.push(event),
      approve: async (plan) => approved(plan, true),
      holder: { who: "test", why: "test" },
    });
    const first = events.find((event) => event.type === "plan");
    return { outcome, events, plan: first?.type === "plan" ? first.plan : undefined };
  }

  /** The phase of every cluster now. */
  phases(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.models].map(([name, model]) => [name, model.authority().rotation.phase]),
    );
  }

  /** Those whose old key is gone. */
  finished(): readonly string[] {
    return [...this.models.keys()].filter(
      (name) => this.moves.filter((move) => move === `${name} update_servers-standby`).length === 1,
    );
  }

  #platform(name: string): Platform {
    const model = this.models.get(name);
    if (model === undefined) throw new Error(`there is no ${name}`);
    return {
      transition: async (request) => {
        const from = model.authority().rotation.phase;
        const reply = await model.transition(request);
        this.moves.push(`${name} ${from}-${request.to}`);
        this.afterMove(name);
        return reply;
      },
      observe: async (scope) => {
        this.beforeLook(name);
        const seen = await model.observe(scope);
        const authorities = seen.authorities.map((live) => ({ ...live, cluster: name }));
        return { ...seen, cluster: name, authorities };
      },
    };
  }
}

const NEVER = new AbortController().signal;
