import { Failure } from "../failure.ts";
import type { ObserveScope, OverrideCall, TransitionReply } from "../platforms/platform.ts";
import type { OverridePlan, PlannedAction } from "../rotation/override-plan.ts";
import type { ClusterPlan } from "../rotation/plan.ts";
import { noteCommit } from "./applied-commit.ts";
import { approvalKey } from "./approval.ts";
import type { ClusterRun, RunContext } from "./context.ts";
import { Deadline } from "./deadline.ts";
import { emitNow } from "./emit-now.ts";
import { type ClusterSnapshot, type FreshLook, lookAt } from "./fresh-look.ts";
import { noteInJournal } from "./journal.ts";
import { planNow } from "./plan-now.ts";
import { DOUBT_MS, NEVER, pauses, tryObserve } from "./read-back.ts";

/** The override actions that wait for nobody. */
export function actionsOf(overrides: readonly OverridePlan[]): readonly PlannedAction[] {
  return overrides.filter(({ blocked }) => !blocked).flatMap(({ actions }) => actions);
}

/**
 * Makes the entries of one cluster what git wants, one call after the other, each planned anew from a look of its own
 * and read back before the next. Only approved actions are taken; those that come after the end of a rotation become
 * due when it is over, under the same id.
 */
export async function settleOverrides(run: ClusterRun, first: FreshLook | null): Promise<void> {
  for (let look = first; ; look = null) {
    run.signal.throwIfAborted();
    const fresh = look?.isFresh(run) === true ? look : await lookAt(run);
    const pending = (await pendingIn(run, fresh)).find(({ action }) =>
      run.approval.ordinary.has(approvalKey(run.cluster.name, action.id)),
    );
    if (pending === undefined) return;
    await takeAction(run, fresh, pending);
  }
}

/** Whether anything of a CA would have to be done before its next step. */
export function isUnsettled({ overrides }: ClusterPlan, authority: string): boolean {
  return actionsOf(overrides.filter((plan) => plan.authority === authority)).some(
    ({ moment }) => moment === "now",
  );
}

interface Pending {
  readonly authority: string;
  readonly action: PlannedAction;
}

async function pendingIn(context: RunContext, snapshot: ClusterSnapshot): Promise<readonly Pending[]> {
  const plan = await planNow(context, [snapshot]);
  return plan.clusters.flatMap(({ overrides }) =>
    overrides
      .filter(({ blocked }) => !blocked)
      .flatMap(({ authority, actions }) =>
        actions.filter(({ moment }) => moment === "now").map((action) => ({ authority, action })),
      ),
  );
}

/** Note the intent, act, read back until the plan does not ask for it any more, note the outcome. */
async function takeAction(run: ClusterRun, look: FreshLook, pending: Pending): Promise<void> {
  look.use();
  const { cluster } = run;
  const { authority, action } = pending;
  const tell = (stage: "requested" | "observed") =>
    emitNow(run, { type: "override", stage, cluster: cluster.name, authority, action });
  const note = (what: "intended" | "observed" | "refused", detail: string | null = null) =>
    noteInJournal(run, {
      rotation: "overrides",
      authority,
      from: action.key_hash,
      to: `${action.call} (${action.purpose})`,
      what,
      detail,
    });
  tell("requested");
  await noteCommit(run, cluster.name);
  await note("intended", action.force ? "with force, by waiver" : null);
  // Nothing has gone out yet: a safe point.
  run.signal.throwIfAborted();
  const reply = await ask(run, look, pending);
  if (await isReadBack(run, look, action, patienceWith(reply, cluster.policy.phaseTimeoutMs))) {
    await note("observed");
    tell("observed");
    return;
  }
  await note("refused", reply.message);
  if (!reply.accepted) throw reply.failure;
  throw new Failure(
    "refused",
    `${cluster.name} accepted ${action.id}, but its effect was not observed in time`,
    {
      hint:
        action.call === "await-crl"
          ? "the auth servers sign revocation lists in the background: look at their logs, then run again"
          : "look at `capstan plan`; the next run goes on from what it then observes",
    },
  );
}

/** An error gets just long enough to outlast a stale read; who may not write has not written. */
function patienceWith(reply: TransitionReply, phaseTimeoutMs: number): number {
  if (reply.accepted) return phaseTimeoutMs;
  return reply.failure.code === "denied" ? 0 : DOUBT_MS;
}

/**
 * Reads until the plan does not ask for the action any more, at least once; `false` when it still does at the end of
 * the time. What was called is read back whatever happens; where nothing was called, a person may stop waiting.
 */
async function isReadBack(
  run: ClusterRun,
  { observation: base, record }: ClusterSnapshot,
  action: PlannedAction,
  withinMs: number,
): Promise<boolean> {
  const deadline = new Deadline(run.clock, withinMs);
  const called = action.call !== "await-crl";
  const scope: ObserveScope = { components: [], base, ...(called ? { evenWhenStopping: true } : {}) };
  for (const pause of pauses(run.clock)) {
    const observation = await tryObserve(run, scope, deadline);
    if (observation !== null) {
      const left = await pendingIn(run, { observation, record });
      if (!left.some((other) => other.action.id === action.id)) return true;
    }
    if (deadline.isOver()) return false;
    await deadline.pause(pause, called ? NEVER : run.signal);
  }
  return false;
}

async function ask(
  run: ClusterRun,
  { observation }: ClusterSnapshot,
  { authority, action }: Pending,
): Promise<TransitionReply> {
  const change = changeOf(action);
  if (change === null) return { accepted: true, message: "" };
  if (run.platform.overrides === undefined) {
    throw new Failure("refused", `${observation.cluster} has no certificate authority overrides`);
  }
  const { overrides } = observation.profile;
  const reading = await overrides?.read([], observation);
  const observed = overrides?.liveDocument(reading, authority) ?? null;
  const { key_hash: keyHash, force } = action;
  const confirm = () => run.lock.confirm();
  return await run.platform.overrides.act({ authority, keyHash, force, change, observed, confirm });
}

/** `null`: nothing is called, only waited for. */
function changeOf({ call, certificate, chain, disabled }: PlannedAction): OverrideCall["change"] | null {
  switch (call) {
    case "await-crl":
      return null;
    case "create-override":
      return { call, certificate: certificate ?? null, chain: chain ?? [] };
    case "update-override":
      return {
        call,
        ...(certificate === undefined || certificate === null ? {} : { certificate }),
        ...(chain === undefined ? {} : { chain }),
        ...(disabled === undefined ? {} : { disabled }),
      };
    case "delete-override":
      return { call };
  }
}
