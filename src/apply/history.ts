import { Failure } from "../failure.ts";
import { appliedAt, type HistoryFacts, orderOf, restartedAt } from "../rotation/history.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { iso } from "./clock.ts";
import { type ClusterRun, type RunContext, say } from "./context.ts";

/** What git says of the commit of this run, against what each of these clusters had last; empty outside of git. */
export async function historiesOf(
  context: RunContext,
  records: readonly ClusterRecord[],
): Promise<ReadonlyMap<string, HistoryFacts>> {
  const { history, desired } = context;
  if (history === undefined) return new Map();
  return new Map(
    await Promise.all(
      records.map(async (record) => [record.cluster, await history(record, desired.rotations)] as const),
    ),
  );
}

/** Under the lock, so that no other run can apply a later commit meanwhile. */
export function insistOnOrder(histories: ReadonlyMap<string, HistoryFacts>): void {
  for (const [cluster, facts] of histories) {
    const order = orderOf(facts);
    if (order.order === "in-order") continue;
    throw new Failure("refused", `${cluster}: ${order.message}`, {
      hint: `nothing was applied; ${order.remedy}`,
    });
  }
}

/** A rewritten history that a person accepts is written down before anything rests on it. */
export async function acceptRewritten(run: ClusterRun): Promise<void> {
  const { history, acceptHistory: reason } = run;
  if (history === undefined || reason === undefined) return;
  const cluster = run.cluster.name;
  const before = await run.store.load(cluster);
  const facts = await history(before, run.desired.rotations);
  if (orderOf(facts).order !== "diverged") {
    say(run, { type: "notice", message: `${cluster}: no rewritten history has to be accepted` });
    return;
  }
  const now = iso(run.clock.now());
  await run.store.save(restartedAt(before, facts, reason, now));
  const last = facts.applied?.commit ?? "";
  await run.store.append({
    at: now,
    run: run.lock.id,
    commit: run.commit,
    cluster,
    rotation: "history",
    authority: "",
    from: last,
    to: facts.head,
    what: "accepted",
    detail: reason,
  });
  say(run, {
    type: "notice",
    message: `${cluster}: commit ${facts.head.slice(0, 12)} is the new start, in place of ${last.slice(0, 12)}: ${reason}`,
  });
}

/** The record of a cluster on which this run does something, or found nothing to do. */
export async function atCommit(context: RunContext, record: ClusterRecord): Promise<ClusterRecord> {
  if (context.history === undefined) return record;
  const { rotations } = context.desired;
  const facts = await context.history(record, rotations);
  return appliedAt(record, facts, rotations, iso(context.clock.now()));
}

/** The same, written down where it is news. */
export async function noteCommit(context: RunContext, cluster: string): Promise<void> {
  const before = await context.store.load(cluster);
  const after = await atCommit(context, before);
  if (JSON.stringify(after) !== JSON.stringify(before)) await context.store.save(after);
}
