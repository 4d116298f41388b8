import { Failure } from "../failure.ts";
import type { OverridePlan, PlannedAction } from "../overrides/plan.ts";
import { readOverrides } from "../overrides/reading.ts";
import { makePlan } from "../planner/planner.ts";
import type { OverrideCall, Platform, TransitionReply } from "../platforms/platform.ts";
import type { ClusterResource, DesiredState } from "../resources/desired.ts";
import type { ClusterObservation } from "../rotation/observation.ts";
import type { Plan } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { iso } from "./clock.ts";
import { historiesOf, insistOnOrder, noteCommit } from "./history.ts";
import { type RunContext, say } from "./run.ts";
import { DOUBT_MS, pauses } from "./wait.ts";

/** What is known of one cluster at one moment. */
export interface View {
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
}

/** The plan of what is known now. */
export async function planNow(
  context: RunContext,
  views: readonly View[],
  desired: DesiredState = context.desired,
): Promise<Plan> {
  const observations = views.map(({ observation }) => observation);
  const records = views.map(({ record }) => record);
  const histories = await historiesOf(context, records);
  insistOnOrder(histories);
  return makePlan({
    desired,
    observations,
    records,
    histories,
    overrides: await readOverrides(desired.overrides, observations),
    commit: context.commit,
    now: context.clock.now(),
  });
}

/** The override actions that wait for nobody. */
export function actionsOf(overrides: readonly OverridePlan[]): readonly PlannedAction[] {
  return overrides.filter(({ blocked }) => !blocked).flatMap(({ actions }) => actions);
}

/**
 * Makes the entries of one cluster what git wants, one call after the other, each planned anew from what is then
 * observed and read back before the next. Only approved actions are taken; those that come after the end of a
 * rotation become due when it is over, under the same id.
 */
export async function settleOverrides(
  context: RunContext,
  run: string,
  start: View,
  approved: ReadonlySet<string>,
): Promise<View> {
  for (let view = start; ; ) {
    context.signal.throwIfAborted();
    const pending = (await pendingIn(context, view)).find(({ action }) => approved.has(action.id));
    if (pending === undefined) return view;
    view = await takeAction(context, run, view, pending);
  }
}

/** Whether anything of a CA would have to be done before its next step. */
export function isUnsettled({ clusters }: Plan, authority: string): boolean {
  const [overrides = []] = clusters.map((cluster) => cluster.overrides);
  return actionsOf(overrides.filter((plan) => plan.authority === authority)).some(
    ({ moment }) => moment === "now",
  );
}

interface Pending {
  readonly authority: string;
  readonly action: PlannedAction;
}

async function pendingIn(context: RunContext, view: View): Promise<readonly Pending[]> {
  const plan = await planNow(context, [view]);
  return plan.clusters.flatMap(({ overrides }) =>
    overrides
      .filter(({ blocked }) => !blocked)
      .flatMap(({ authority, actions }) =>
        actions.filter(({ moment }) => moment === "now").map((action) => ({ authority, action })),
      ),
  );
}

/** Note the intent, act, read back until the plan does not ask for it any more, note the outcome. */
async function takeAction(context: RunContext, run: string, view: View, pending: Pending): Promise<View> {
  const { cluster, platform } = whereOf(context, view);
  const { authority, action } = pending;
  const tell = (stage: "requested" | "observed") =>
    say(context, { type: "override", stage, cluster: cluster.name, authority, action });
  const note = (what: "intended" | "observed" | "refused", detail: string | null = null) =>
    context.store.append({
      at: iso(context.clock.now()),
      run,
      commit: context.commit,
      cluster: cluster.name,
      rotation: "overrides",
      authority,
      from: action.key_hash,
      to: `${action.call} (${action.purpose})`,
      what,
      detail,
    });
  tell("requested");
  await noteCommit(context, cluster.name);
  await note("intended", action.force ? "with force, by waiver" : null);
  const reply = await ask(context, platform, view, pending);
  const patience = reply.accepted
    ? cluster.policy.phaseTimeoutMs
    : reply.failure.code === "denied"
      ? 0
      : DOUBT_MS;
  const deadline = context.clock.now() + patience;
  for (const pause of pauses()) {
    const observation = await platform.observe({ components: [], base: view.observation });
    const now = { ...view, observation };
    if (!(await pendingIn(context, now)).some((other) => other.action.id === action.id)) {
      await note("observed");
      tell("observed");
      return now;
    }
    if (context.clock.now() >= deadline) break;
    await context.clock.sleep(pause, action.call === "await-crl" ? context.signal : NEVER);
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

/** A call that went out is always read back, even when the person wants to stop. */
const NEVER = new AbortController().signal;

async function ask(
  context: RunContext,
  platform: Platform,
  { observation }: View,
  { authority, action }: Pending,
): Promise<TransitionReply> {
  const change = changeOf(action);
  if (change === null) return { accepted: true, message: "" };
  if (platform.overrides === undefined) {
    throw new Failure("refused", `${observation.cluster} has no certificate authority overrides`);
  }
  const readings = await readOverrides(context.desired.overrides, [observation]);
  const observed = readings.get(observation.cluster)?.pairs.get(authority)?.document ?? null;
  const call = { authority, keyHash: action.key_hash, force: action.force, change, observed };
  return await platform.overrides.act(call);
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

function whereOf(
  { desired, platforms }: RunContext,
  { observation }: View,
): { readonly cluster: ClusterResource; readonly platform: Platform } {
  const cluster = desired.clusters.find(({ name }) => name === observation.cluster);
  const platform = platforms.get(observation.cluster);
  if (cluster === undefined || platform === undefined) {
    throw new Error(`${observation.cluster} was planned without a resource or a platform`);
  }
  return { cluster, platform };
}
