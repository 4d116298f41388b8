import { Failure } from "../failure.ts";
import type { Lock } from "../record/store.ts";
import { historiesOf } from "../rotation/history.ts";
import type { ClusterPlan, Plan } from "../rotation/plan.ts";
import { acceptRewritten, insistOnOrder, noteCommit } from "./applied-commit.ts";
import { NOTHING_APPROVED } from "./approval.ts";
import { giveUpUnused } from "./campaign-place.ts";
import type { ClusterRun, RunContext } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import { gravest, isGood, nothingToDo, OUTCOME_OF, type WorkEnding } from "./ending.ts";
import { type FreshLook, lookAt } from "./fresh-look.ts";
import { isAbort } from "./interruption.ts";
import { WatchedRows } from "./row-watch.ts";
import { sideBySide } from "./side-by-side.ts";
import { Sightings } from "./sightings.ts";

/** So many are told one by one; of more the good ones are counted. */
const TOLD_EACH = 3;
const NAMED = 20;

function toldOf(endings: readonly (readonly [string, WorkEnding])[]): string {
  const each = (some: typeof endings) => some.map(([name, { outcome }]) => `${name} ${outcome}`);
  if (endings.length <= TOLD_EACH) return each(endings).join(", ");
  const good = Map.groupBy(
    endings.filter(([, { outcome }]) => isGood(outcome)),
    ([, { outcome }]) => outcome,
  );
  const bad = endings.filter(([, { outcome }]) => !isGood(outcome));
  const rest = bad.length > NAMED ? [`and ${bad.length - NAMED} more`] : [];
  const counts = [...good].map(([outcome, all]) => `${all.length} ${outcome}`);
  return [...each(bad.slice(0, NAMED)), ...rest, ...counts].join(", ");
}

/** A commit that one cluster has left behind may be new to the others. */
async function lookInOrder(run: ClusterRun): Promise<FreshLook> {
  const look = await lookAt(run);
  insistOnOrder(await historiesOf(run.history ?? null, [look.record], run.desired.rotations));
  return look;
}

/** The clusters of a run, each with its lock as long as it has one, and how those that are through ended. */
export class LockedClusters {
  readonly #context: RunContext;
  readonly #runs = new Map<string, ClusterRun>();
  readonly #endings = new Map<string, WorkEnding>();
  #failure: Failure | null = null;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** In the order of their names. Nobody waits for a lock, so two runs over the same clusters share them out. */
  async lockAll(): Promise<void> {
    const { store, holder, platforms, unreadable, desired, clock, parallel } = this.#context;
    await sideBySide([...platforms.keys()].toSorted(), parallel, async (name) => {
      this.#context.signal.throwIfAborted();
      const failure = unreadable?.get(name);
      if (failure !== undefined) return this.#fail(name, failure);
      const platform = platforms.get(name);
      const cluster = desired.clusters.find((resource) => resource.name === name);
      if (platform === undefined || cluster === undefined) {
        throw new Error(`${name} is to be applied without a resource or a platform`);
      }
      const notice = (message: string) => emitNow(this.#context, { type: "notice", cluster: name, message });
      const lock = await this.#guarded(name, null, () => store.lock(name, holder, notice));
      if (lock === null) return;
      // A run that lost a lock stops there as if it were interrupted, and says that it was not.
      const signal = AbortSignal.any([this.#context.signal, lock.lost]);
      this.#runs.set(name, {
        ...this.#context,
        signal,
        cluster,
        platform,
        lock,
        sightings: new Sightings(clock),
        rows: new WatchedRows(clock),
        turnBack: this.#context.turnBackOf(name),
        approval: NOTHING_APPROVED,
      });
    });
  }

  async acceptHistories(): Promise<void> {
    const { platforms, parallel } = this.#context;
    await sideBySide([...platforms.keys()], parallel, async (name) => {
      await this.attempt(name, acceptRewritten);
    });
  }

  /** What is found as git wants it is written down: nothing older is applied from then on. */
  async endIdle(cluster: ClusterPlan): Promise<void> {
    await this.attempt(cluster.name, async (run) => {
      await giveUpUnused(run);
      const ending = nothingToDo(cluster);
      if (ending.outcome === "nothing-to-do") await noteCommit(run, cluster.name);
      this.end(cluster.name, ending);
    });
  }

  /** Those that are not through yet, in the order of the repository. */
  async lookAtAll(): Promise<Map<string, FreshLook>> {
    const names = [...this.#context.platforms.keys()].filter((name) => this.#isOpen(name));
    const looks = await Promise.all(
      names.map(async (name) => [name, await this.attempt(name, lookInOrder)] as const),
    );
    return new Map(looks.flatMap(([name, look]) => (look === null ? [] : [[name, look] as const])));
  }

  /** Work on one cluster; a failure of the outside ends that cluster, and the run goes on. */
  async attempt<Result>(name: string, task: (run: ClusterRun) => Promise<Result>): Promise<Result | null> {
    const run = this.#runs.get(name);
    if (run === undefined || !this.#isOpen(name)) return null;
    const result = await this.#guarded(name, run.lock, () => task(run));
    // Nothing is left to be done there: others may have it.
    if (!this.#isOpen(name)) await this.#release(run);
    return result;
  }

  end(name: string, ending: WorkEnding): void {
    this.#endings.set(name, ending);
    this.#tell(name, ending, null);
  }

  /** Those that are not as they were approved are left alone. */
  endRefused(refused: ReadonlyMap<string, Failure> = new Map()): void {
    for (const [name, failure] of refused) this.#fail(name, failure);
  }

  openPart(plan: Plan): Plan {
    return { ...plan, clusters: plan.clusters.filter(({ name }) => this.#isOpen(name)) };
  }

  /** Throws what ended a run of one cluster. */
  ending(): WorkEnding {
    if (this.#failure !== null && this.#isSingle()) throw this.#failure;
    const endings = [...this.#endings];
    const worst = gravest(endings.map(([, ending]) => ending));
    if (worst === undefined)
      return { outcome: "nothing-to-do", message: "nothing was looked at: no cluster is in this shard" };
    if (
      this.#isSingle() ||
      endings.every(([, { outcome }]) => outcome === worst.outcome && isGood(outcome))
    ) {
      return worst;
    }
    return { outcome: worst.outcome, message: toldOf(endings) };
  }

  async releaseAll(): Promise<void> {
    await sideBySide([...this.#runs.values()], this.#context.parallel, (run) => this.#release(run));
  }

  async #release({ cluster, lock }: ClusterRun): Promise<void> {
    this.#runs.delete(cluster.name);
    await lock.release();
  }

  #isOpen(name: string): boolean {
    return this.#runs.has(name) && !this.#endings.has(name);
  }

  #isSingle(): boolean {
    return this.#context.platforms.size === 1;
  }

  async #guarded<Result>(
    name: string,
    lock: Lock | null,
    task: () => Promise<Result>,
  ): Promise<Result | null> {
    try {
      return await task();
    } catch (error) {
      const cause = lock?.lost.aborted === true ? lock.lost.reason : error;
      // A person who wants to stop stops all of it; what is no failure of the outside is a defect.
      if (!(cause instanceof Failure) || isAbort(cause)) throw cause;
      this.#fail(name, cause);
      return null;
    }
  }

  #fail(name: string, failure: Failure): void {
    this.#failure = failure;
    const ending = { outcome: OUTCOME_OF[failure.code], message: failure.message };
    this.#endings.set(name, ending);
    this.#tell(name, ending, failure.hint);
  }

  #tell(cluster: string, { outcome, message }: WorkEnding, hint: string | null): void {
    if (this.#isSingle()) return;
    emitNow(this.#context, { type: "cluster-finished", cluster, outcome, message, hint });
  }
}
