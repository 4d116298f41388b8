import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import { appliedAt, type HistoryFacts, orderOf, restartedAt } from "../rotation/history.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { ClusterRun, RunContext } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import { noteInJournal } from "./journal.ts";

/** Throws a `Failure` (`refused`) for a commit that may not be applied: under the lock, so that no other run can apply a later commit meanwhile. */
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
    emitNow(run, { type: "notice", cluster, message: `${cluster}: no rewritten history has to be accepted` });
    return;
  }
  await run.store.save(restartedAt(before, facts, reason, isoTime(run.clock.now())));
  const last = facts.applied?.commit ?? "";
  await noteInJournal(run, {
    rotation: "history",
    authority: "",
    from: last,
    to: facts.head,
    what: "accepted",
    detail: reason,
  });
  emitNow(run, {
    type: "notice",
    cluster,
    message: `${cluster}: commit ${facts.head.slice(0, 12)} is the new start, in place of ${last.slice(0, 12)}: ${reason}`,
  });
}

/** The record of a cluster on which this run does something, or found nothing to do. */
export async function atCommit(context: RunContext, record: ClusterRecord): Promise<ClusterRecord> {
  if (context.history === undefined) return record;
  const { rotations } = context.desired;
  const facts = await context.history(record, rotations);
  return appliedAt(record, facts, rotations, isoTime(context.clock.now()));
}

/** Writes the commit into the record of a cluster, and leaves a record alone that would stay as it is. */
export async function noteCommit(context: RunContext, cluster: string): Promise<void> {
  const before = await context.store.load(cluster);
  const after = await atCommit(context, before);
  if (JSON.stringify(after) !== JSON.stringify(before)) await context.store.save(after);
}
