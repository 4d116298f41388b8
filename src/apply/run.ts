import { isHeldByOthers, isHeldWhateverRuns } from "../planner/startable.ts";
import type { ClusterPlan } from "../rotation/plan.ts";
import { approvalKey, NOTHING_APPROVED } from "./approval.ts";
import { giveUpUnused } from "./campaign-place.ts";
import type { ClusterRun, RunContext } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import { afterAll, gravest, type WorkEnding } from "./ending.ts";
import type { RunOutcome } from "./event.ts";
import { type FreshLook, lookAt } from "./fresh-look.ts";
import { isAbort } from "./interruption.ts";
import { LockedClusters } from "./locked-clusters.ts";
import { planNow } from "./plan-now.ts";
import { actionsOf, settleOverrides } from "./settle-overrides.ts";
import { sideBySide } from "./side-by-side.ts";
import { walk } from "./walk.ts";

/**
 * Makes live what git desires, one guarded step at a time (design, section 5). Every cluster is locked, looked at and
 * walked by itself: one that somebody else has locked, or that cannot be read, ends on its own, and the others go on.
 * Ends with a `finished` event and the gravest outcome. What was done until a failure stays done, and the next run goes
 * on from what it observes. Throws the `Failure` of a run of one cluster.
 */
export async function applyPlan(context: RunContext): Promise<RunOutcome> {
  const work = new LockedClusters(context);
  try {
    await applyAll(context, work);
    const { outcome, message } = work.ending();
    emitNow(context, { type: "finished", outcome, message });
    return outcome;
  } catch (error) {
    if (!isAbort(error)) throw error;
    const message = "stopped at a safe point; `capstan apply` goes on from what it then observes";
    emitNow(context, { type: "finished", outcome: "interrupted", message });
    return "interrupted";
  } finally {
    await work.releaseAll();
  }
}

async function applyAll(context: RunContext, work: LockedClusters): Promise<void> {
  await work.lockAll();
  await work.acceptHistories();
  const looks = await work.lookAtAll();
  if (looks.size === 0) return;
  const whole = await planNow(context, [...looks.values()]);
  work.endRefused(context.accept?.(whole, observationsOf(looks)));
  const plan = work.openPart(whole);
  // All are refused, which was said: an empty plan would look as if nothing was to do.
  if (plan.clusters.length === 0) return;
  const inGit = context.desired.clusters.length;
  emitNow(context, { type: "plan", plan, ...(inGit > 1 ? { clusters_in_git: inGit } : {}) });
  const busy = plan.clusters.filter(hasWork);
  const idle = plan.clusters.filter((cluster) => !hasWork(cluster));
  await sideBySide(idle, context.parallel, (cluster) => work.endIdle(cluster));
  if (busy.length === 0) return;
  // A person is not asked for what is blocked anyway.
  const approval = busy.some(mayBegin)
    ? await context.approve(plan, observationsOf(looks))
    : NOTHING_APPROVED;
  if (approval === null) {
    const ending: WorkEnding = {
      outcome: "blocked",
      message: "no step was approved and started: nothing was done",
    };
    for (const { name } of busy) work.end(name, ending);
    return;
  }
  await sideBySide(busy, context.parallel, async (cluster) => {
    context.signal.throwIfAborted();
    await work.attempt(cluster.name, async (run) => {
      const first = looks.get(cluster.name);
      const look = first?.isFresh(run) === true ? first : await lookAgain(run);
      work.end(cluster.name, await applyCluster({ ...run, approval }, cluster, look));
    });
  });
}

/** A person thought, or another cluster took its time: what was approved before is compared with what is there now. */
async function lookAgain(run: ClusterRun): Promise<FreshLook> {
  const look = await lookAt(run);
  const refused = run.accept?.(await planNow(run, [look]), [look.observation]).get(run.cluster.name);
  if (refused !== undefined) throw refused;
  return look;
}

/** The work that was planned for one cluster: entries of overrides, rotations, and the entries that those leave. */
async function applyCluster(
  run: ClusterRun,
  plan: ClusterPlan,
  first: FreshLook | null,
): Promise<WorkEnding> {
  const actions = actionsOf(plan.overrides);
  const isApproved = ({ id }: { readonly id: string }) =>
    run.approval.ordinary.has(approvalKey(plan.name, id));
  const rotating = plan.rotations.filter(({ steps }) => steps.length > 0);
  const planned = new Map(
    rotating.flatMap(({ steps }) =>
      steps.filter((step) => !isHeldByOthers(step)).map((step) => [step.id, step] as const),
    ),
  );
  const endings: WorkEnding[] = [];
  const left = actions.find((action) => !isApproved(action));
  if (left !== undefined) {
    const message = `${left.purpose} of ${left.key_hash} needs approval: --auto-approve, or a terminal`;
    endings.push({ outcome: "blocked", message });
  }
  if (actions.some(isApproved)) await settleOverrides(run, first);
  for (const { name } of rotating) endings.push(await walk(run, name, planned, first));
  // The entries of keys that a rotation has dropped.
  if (actions.some(isApproved)) await settleOverrides(run, null);
  await giveUpUnused(run);
  const ending = gravest(endings);
  return ending === undefined || ending.outcome === "applied" ? afterAll(plan, run.desired) : ending;
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
      steps.some((step) => (step.after === null && !isHeldWhateverRuns(step)) || step.awaited === true),
    )
  );
}
