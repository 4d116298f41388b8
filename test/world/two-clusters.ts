import type { RunEvent, RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import { type ClusterRecord, emptyRecord } from "../../src/rotation/record.ts";
import { approved } from "./apply.ts";
import { asWritten } from "./as-written.ts";
import { CLUSTER, cluster, desired } from "./host-rotation.ts";
import { MemoryStore } from "./memory-store.ts";
import { ModelClock, ModelCluster } from "./model-cluster.ts";

export const OTHER_CLUSTER = "b.cluster";

/** Records of several clusters. */
class Records extends MemoryStore {
  readonly #records = new Map<string, ClusterRecord>();

  override async load(name: string): Promise<ClusterRecord> {
    return this.#records.get(name) ?? emptyRecord(name);
  }

  override async save(record: ClusterRecord): Promise<void> {
    this.#records.set(record.cluster, asWritten(record));
  }
}

/** Two clusters, their records and one clock that several runs share. */
export class TwoClusters {
  readonly clock = new ModelClock();
  readonly store = new Records();
  readonly models = {
    [CLUSTER]: new ModelCluster(this.clock),
    [OTHER_CLUSTER]: new ModelCluster(this.clock),
  };
  /** Every look and every transition, in order. */
  readonly calls: string[] = [];
  /** What happens elsewhere right before a transition of a cluster. */
  beforeTransition: (cluster: string) => Promise<void> | void = () => {};
  /** What is asked before a cluster is looked at; throws in its place. */
  beforeLook: (cluster: string) => void = () => {};

  desired(rotations: DesiredState["rotations"]): DesiredState {
    const policy = { phaseTimeoutMs: 3_600_000 };
    const clusters = [cluster(policy), { ...cluster(policy), name: OTHER_CLUSTER }];
    return { ...desired(rotations), clusters };
  }

  async apply(
    rotations: DesiredState["rotations"],
    final = true,
    { parallel = 1, signal = NEVER, turnBack = {}, onEvent = () => {} }: RunWith = {},
  ) {
    const events: RunEvent[] = [];
    const outcome: RunOutcome = await applyPlan({
      desired: this.desired(rotations),
      parallel,
      commit: null,
      platforms: new Map([CLUSTER, OTHER_CLUSTER].map((name) => [name, this.#named(name)])),
      store: this.store,
      clock: this.clock,
      signal,
      turnBackOf: (name) => turnBack[name] ?? NEVER,
      emit(event) {
        events.push(event);
        onEvent(event);
      },
      approve: async (plan) => approved(plan, final),
      holder: { who: "test", why: "test" },
    });
    return { outcome, events };
  }

  #named(name: string): Platform {
    const model = name === CLUSTER ? this.models[CLUSTER] : this.models[OTHER_CLUSTER];
    return {
      transition: async (request) => {
        this.calls.push(`${name} to ${request.to}`);
        await this.beforeTransition(name);
        return await model.transition(request);
      },
      observe: async (scope) => {
        this.beforeLook(name);
        this.calls.push(`${name} look at +${this.clock.monotonic()}`);
        const seen = await model.observe(scope);
        const authorities = seen.authorities.map((live) => ({ ...live, cluster: name }));
        return { ...seen, cluster: name, authorities };
      },
    };
  }
}

interface RunWith {
  readonly parallel?: number;
  readonly signal?: AbortSignal;
  /** By the names of clusters: a person wants it rolled back. */
  readonly turnBack?: Readonly<Record<string, AbortSignal>>;
  readonly onEvent?: (event: RunEvent) => void;
}

const NEVER = new AbortController().signal;
