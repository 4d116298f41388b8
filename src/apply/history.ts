import { Failure } from "../failure.ts";
import { appliedAt, type HistoryFacts, orderOf, restartedAt } from "../rotation/history.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { iso } from "./clock.ts";
import { lookAt } from "./look.ts";
import type { View } from "./overrides.ts";
import { type RunContext, say } from "./run.ts";

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

/** The first look of a run. A rewritten history that a person accepts is written down before anything rests on it. */
export async function firstLook(context: RunContext, run: string, cluster: string): Promise<View> {
  const view = await lookAt(context, cluster);
  const { history, acceptHistory: reason } = context;
  if (history === undefined || reason === undefined) return view;
  const facts = await history(view.record, context.desired.rotations);
  if (orderOf(facts).order !== "diverged") {
    say(context, { type: "notice", message: `${cluster}: no rewritten history has to be accepted` });
    return view;
  }
  const now = iso(context.clock.now());
  const record = restartedAt(view.record, facts, reason, now);
  await context.store.save(record);
  await context.store.append({
    at: now,
    run,
    commit: context.commit,
    cluster,
    rotation: "history",
    authority: "",
    from: facts.applied?.commit ?? "",
    to: facts.head,
    what: "accepted",
    detail: reason,
  });
  say(context, {
    type: "notice",
    message: `${cluster}: commit ${facts.head.slice(0, 12)} is the new start, in place of ${facts.applied?.commit.slice(0, 12)}: ${reason}`,
  });
  return { ...view, record };
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
