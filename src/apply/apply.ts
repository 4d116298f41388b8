import { Failure, type FailureCode } from "../failure.ts";
import { isHeld, isHeldByOthers } from "../planner/startable.ts";
import type { Lock } from "../record/store.ts";
import type { ClusterPlan, Plan } from "../rotation/plan.ts";
import { approvalKey, NOTHING } from "./approval.ts";
import { type ClusterRun, type RunContext, say } from "./context.ts";
import type { RunOutcome } from "./event.ts";
import { type FreshLook, lookAt } from "./fresh-look.ts";
import { acceptRewritten, noteCommit } from "./history.ts";
import { isAbort } from "./interruption.ts";
import { actionsOf, planNow, settleOverrides } from "./settle-overrides.ts";
import { Sightings } from "./sightings.ts";
import { type Ending, walk } from "./walk.ts";

/**
 * Makes live what git desires, one guarded step at a time (design, section 5). Every cluster is locked, looked at and
 * walked by itself: one that somebody else has locked, or that cannot be read, ends on its own, and the others go on.
 * Ends with a `finished` event and the gravest outcome. What was done until a failure stays done, and the next run goes
 * on from what it observes. Throws the `Failure` of a run of one cluster.
 */
export async function apply(context: RunContext): Promise<RunOutcome> {
  const work = new Work(context);
  try {
    await applyAll(context, work);
    const { outcome, message } = work.ending();
    say(context, { type: "finished", outcome, message });
    return outcome;
  } catch (error) {
    if (!isAbort(error)) throw error;
    const message = "stopped at a safe point; `capstan apply` goes on from what it then observes";
    say(context, { type: "finished", outcome: "interrupted", message });
    return "interrupted";
  } finally {
    await work.releaseAll();
  }
}

async function applyAll(context: RunContext, work: Work): Promise<void> {
  await work.lockAll();
  await work.acceptHistories();
  const looks = await work.lookAtAll();
  if (looks.size === 0) return;
  const whole = await planNow(context, [...looks.values()]);
  work.endRefused(context.accept?.(whole, observationsOf(looks)));
  const plan = work.openPart(whole);
  say(context, { type: "plan", plan });
  const busy = plan.clusters.filter(hasWork);
  for (const cluster of plan.clusters) if (!hasWork(cluster)) await work.endIdle(cluster);
  if (busy.length === 0) return;
  // A person is not asked for what is blocked anyway.
  const approval = busy.some(mayBegin) ? await context.approve(plan, observationsOf(looks)) : NOTHING;
  if (approval === null) {
    const ending: Ending = { outcome: "blocked", message: "nothing was approved, and nothing was done" };
    for (const { name } of busy) work.end(name, ending);
    return;
  }
  for (const cluster of busy) {
    await work.attempt(cluster.name, async (run) => {
      const first = looks.get(cluster.name);
      const look = first?.isFresh(run) === true ? first : await lookAgain(run);
      work.end(cluster.name, await applyCluster({ ...run, approval }, cluster, look));
    });
  }
}

/** A person thought, or another cluster took its time: what was approved before is compared with what is there now. */
async function lookAgain(run: ClusterRun): Promise<FreshLook> {
  const look = await lookAt(run);
  const refused = run.accept?.(await planNow(run, [look]), [look.observation]).get(run.cluster.name);
  if (refused !== undefined) throw refused;
  return look;
}

/** The work that was planned for one cluster: entries of overrides, rotations, and the entries that those leave. */
async function applyCluster(run: ClusterRun, plan: ClusterPlan, first: FreshLook | null): Promise<Ending> {
  const actions = actionsOf(plan.overrides);
  const isApproved = ({ id }: { readonly id: string }) =>
    run.approval.ordinary.has(approvalKey(plan.name, id));
  const rotating = plan.rotations.filter(({ steps }) => steps.length > 0);
  const planned = new Map(
    rotating.flatMap(({ steps }) =>
      steps.filter((step) => !isHeldByOthers(step)).map((step) => [step.id, step] as const),
    ),
  );
  const endings: Ending[] = [];
  const left = actions.find((action) => !isApproved(action));
  if (left !== undefined) {
    const message = `${left.purpose} of ${left.key_hash} needs approval: --auto-approve, or a terminal`;
    endings.push({ outcome: "blocked", message });
  }
  if (actions.some(isApproved)) await settleOverrides(run, first);
  for (const { name } of rotating) endings.push(await walk(run, name, planned, first));
  // The entries of keys that a rotation has dropped.
  if (actions.some(isApproved)) await settleOverrides(run, null);
  const ending = gravest(endings);
  return ending === undefined || ending.outcome === "applied" ? afterAll(plan) : ending;
}

/** The clusters of a run, each with its lock as long as it has one, and how those that are through ended. */
class Work {
  readonly #context: RunContext;
  readonly #runs = new Map<string, ClusterRun>();
  readonly #endings = new Map<string, Ending>();
  #failure: Failure | null = null;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** In the order of their names, so that two runs over the same clusters cannot wait for each other. */
  async lockAll(): Promise<void> {
    const { store, holder, platforms, desired, clock } = this.#context;
    for (const name of [...platforms.keys()].toSorted()) {
      const platform = platforms.get(name);
      const cluster = desired.clusters.find((resource) => resource.name === name);
      if (platform === undefined || cluster === undefined) {
        throw new Error(`${name} is to be applied without a resource or a platform`);
      }
      const notice = (message: string) => say(this.#context, { type: "notice", message });
      const lock = await this.#guarded(name, null, () => store.lock(name, holder, notice));
      if (lock === null) continue;
      // A run that lost a lock stops there as if it were interrupted, and says that it was not.
      const signal = AbortSignal.any([this.#context.signal, lock.lost]);
      const sightings = new Sightings(clock);
      this.#runs.set(name, {
        ...this.#context,
        signal,
        cluster,
        platform,
        lock,
        sightings,
        approval: NOTHING,
      });
    }
  }

  async acceptHistories(): Promise<void> {
    for (const name of this.#context.platforms.keys()) await this.attempt(name, acceptRewritten);
  }

  /** What is found as git wants it is written down: nothing older is applied from then on. */
  async endIdle(cluster: ClusterPlan): Promise<void> {
    await this.attempt(cluster.name, async (run) => {
      const ending = nothingToDo(cluster);
      if (ending.outcome === "nothing-to-do") await noteCommit(run, cluster.name);
      this.end(cluster.name, ending);
    });
  }

  /** Those that are not through yet, in the order of the repository. */
  async lookAtAll(): Promise<Map<string, FreshLook>> {
    const names = [...this.#context.platforms.keys()].filter((name) => this.#isOpen(name));
    const looks = await Promise.all(
      names.map(async (name) => [name, await this.attempt(name, lookAt)] as const),
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

  end(name: string, ending: Ending): void {
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
  ending(): Ending {
    if (this.#failure !== null && this.#isSingle()) throw this.#failure;
    const endings = [...this.#endings];
    const worst = gravest(endings.map(([, ending]) => ending));
    if (worst === undefined) return { outcome: "nothing-to-do", message: "there is no cluster" };
    if (
      this.#isSingle() ||
      endings.every(([, { outcome }]) => outcome === worst.outcome && isGood(outcome))
    ) {
      return worst;
    }
    const told = endings.map(([name, { outcome }]) => `${name} ${outcome}`);
    return { outcome: worst.outcome, message: told.join(", ") };
  }

  async releaseAll(): Promise<void> {
    for (const run of this.#runs.values()) await this.#release(run);
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

  #tell(cluster: string, { outcome, message }: Ending, hint: string | null): void {
    if (this.#isSingle()) return;
    say(this.#context, { type: "cluster-finished", cluster, outcome, message, hint });
  }
}

const OUTCOME_OF: Readonly<Record<FailureCode, RunOutcome>> = {
  locked: "locked",
  stale: "stale",
  interrupted: "interrupted",
  usage: "failed",
  resources: "failed",
  executable: "failed",
  denied: "failed",
  refused: "failed",
  storage: "failed",
};

/** The gravest first (design, section 6). */
const GRAVITY: readonly RunOutcome[] = [
  "interrupted",
  "failed",
  "rolled-back",
  "stale",
  "locked",
  "rollback-unfinished",
  "blocked",
  "applied",
  "nothing-to-do",
];

function gravest(endings: readonly Ending[]): Ending | undefined {
  return endings.toSorted((left, right) => GRAVITY.indexOf(left.outcome) - GRAVITY.indexOf(right.outcome))[0];
}

function isGood(outcome: RunOutcome): boolean {
  return outcome === "applied" || outcome === "nothing-to-do";
}

function observationsOf(looks: ReadonlyMap<string, FreshLook>) {
  return [...looks.values()].map(({ observation }) => observation);
}

function hasWork({ rotations, overrides }: ClusterPlan): boolean {
  return rotations.some(({ steps }) => steps.length > 0) || actionsOf(overrides).length > 0;
}

function mayBegin({ rotations, overrides }: ClusterPlan): boolean {
  return (
    actionsOf(overrides).length > 0 ||
    rotations.some(({ steps }) =>
      steps.some((step) => (step.after === null && !isHeld(step)) || step.awaited === true),
    )
  );
}

function nothingToDo(cluster: ClusterPlan): Ending {
  if (isBlocked(cluster)) return { outcome: "blocked", message: driftSentence(cluster) };
  return { outcome: "nothing-to-do", message: "live equals desired" };
}

function afterAll(cluster: ClusterPlan): Ending {
  if (isBlocked(cluster)) return { outcome: "blocked", message: driftSentence(cluster) };
  return { outcome: "applied", message: "everything that was planned is done" };
}

function isBlocked({ drift, overrides }: ClusterPlan): boolean {
  return drift.some(({ blocks }) => blocks) || overrides.some(({ blocked }) => blocked);
}

function driftSentence({ drift, overrides }: ClusterPlan): string {
  const [first] = [
    ...drift.filter(({ blocks }) => blocks),
    ...overrides.flatMap(({ findings }) =>
      findings.filter(({ severity, waived }) => severity === "error" && waived === undefined),
    ),
    ...overrides.flatMap(({ actions }) =>
      actions.flatMap(({ missing }) =>
        missing.map(({ subject, statement }) => ({ subject, message: `waits for a ${statement}` })),
      ),
    ),
  ];
  return first === undefined ? "a guard blocks" : `${first.subject} ${first.message}`;
}
