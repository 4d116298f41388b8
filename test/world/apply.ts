import { type Approval, approvalWhere, NOTHING_APPROVED } from "../../src/apply/approval.ts";
import type { CheckRunner } from "../../src/apply/context.ts";
import type { RunEvent, RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import type { Failure } from "../../src/failure.ts";
import { makePlan } from "../../src/planner/planner.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import type { HistoryReader } from "../../src/rotation/history.ts";
import type { Fingerprint } from "../../src/rotation/observation.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import { CLUSTER, historyWithout } from "./host-rotation.ts";
import { MemoryStore } from "./memory-store.ts";
import { ModelClock, ModelCluster } from "./model-cluster.ts";

/** A cluster, a record and a clock that several runs share. */
export class World {
  readonly clock = new ModelClock();
  readonly cluster = new ModelCluster(this.clock);
  readonly store = new MemoryStore();
  /** What git says; `null`: there is none. */
  history: HistoryReader | null = null;
  /** What is observed and moved: the cluster, unless a test puts more around it. */
  platform: Platform = this.cluster;
  /** Who runs checks of one's own; absent: nobody. */
  runChecks?: CheckRunner;

  async apply(
    desired: DesiredState,
    {
      approve = "everything",
      approvesToo = [],
      signal = NEVER,
      turnBack = NEVER,
      accept = () => new Map(),
      onEvent = () => {},
    }: ApplyWith = {},
  ): Promise<{ outcome: RunOutcome; events: readonly RunEvent[] }> {
    const events: RunEvent[] = [];
    const outcome = await applyPlan({
      desired,
      parallel: 1,
      commit: COMMIT,
      ...(this.history === null ? {} : { history: this.history }),
      platforms: new Map([[CLUSTER, this.platform]]),
      store: this.store,
      clock: this.clock,
      signal,
      accept,
      emit(event) {
        events.push(event);
        onEvent(event);
      },
      turnBackOf: () => turnBack,
      approve: async (plan) => {
        if (approve === "leave") return null;
        const { ordinary, final } =
          approve === "nothing" ? NOTHING_APPROVED : approved(plan, approve === "everything");
        return { ordinary: new Set([...ordinary, ...approvesToo]), final };
      },
      holder: { who: "test", why: "test" },
      ...(this.runChecks === undefined ? {} : { runChecks: this.runChecks }),
    });
    return { outcome, events };
  }

  async plan(desired: DesiredState): Promise<Plan> {
    return makePlan({
      desired,
      observations: [await this.platform.observe({ components: "all" })],
      records: [await this.store.load(CLUSTER)],
      commit: null,
      now: this.clock.now(),
    });
  }
}

const COMMIT = "c0ffee".padEnd(40, "0");

/** Of a history in which a commit took the resource of a rotation out. */
export function deletes(authority: string, key: Fingerprint): HistoryReader {
  return async () => historyWithout(authority, key, COMMIT);
}

interface ApplyWith {
  readonly approve?: "leave" | "nothing" | "ordinary" | "everything";
  /** Keys of steps that are approved besides, in the plan or not. */
  readonly approvesToo?: readonly string[];
  readonly turnBack?: AbortSignal;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
  readonly accept?: (plan: Plan) => ReadonlyMap<string, Failure>;
}

const NEVER = new AbortController().signal;

/** What a person approves: all of a plan, or all that needs no approval of its own. */
export function approved(plan: Plan, final: boolean): Approval {
  const all = approvalWhere(plan, () => true);
  return final ? all : { ...all, final: new Map() };
}
