import { approvalKey, approvalWhere } from "../../apply/approval.ts";
import type { RunEvent, RunOutcome } from "../../apply/event.ts";
import { applyPlan } from "../../apply/run.ts";
import { Failure } from "../../failure.ts";
import type { ValuesOf } from "../../flag.ts";
import { planDifference } from "../../planner/saved/plan-difference.ts";
import { isHeldWhateverRuns } from "../../planner/startable.ts";
import type { DesiredState } from "../../resources/model/desired.ts";
import { needsOwnApproval, type Plan } from "../../rotation/plan.ts";
import type { Sample } from "../../views/metrics/metric-table.ts";
import { contextOf } from "../apply.ts";
import { approvedFinal, finalSteps, keysOfFinal, ordinarySteps } from "../approved-steps.ts";
import type { RECONCILE } from "../commands/apply-rows.ts";
import { fastForward } from "../fast-forward.ts";
import { insist } from "../insist.ts";
import { type MadePlan, planDirectory } from "../plan-directory.ts";
import { samplesOfWorkspace } from "../samples-of-workspace.ts";
import type { Terminal } from "../terminal.ts";
import type { Workspace } from "../workspace.ts";

/** `approveFinal` holds `""` where the flag stood bare: then for whatever comes. */
export type ReconcileOptions = ValuesOf<typeof RECONCILE.flags>;

/** What came of one round. */
export interface Round {
  readonly outcome: RunOutcome;
  readonly commit: string;
  /** The steps that were taken. */
  readonly done: readonly string[];
  /** Why it went no further. */
  readonly ending: string;
  /** Clusters in git that failed before and were not tried. */
  readonly leftAlone: readonly string[];
}

/** A plan of which nothing can be taken: as long as nothing moves, there is no reason to lock and try again. */
export interface Held {
  readonly plan: Plan;
  readonly round: Round;
}

/** A round, and what the next one has to know of it. */
export interface Taken {
  readonly round: Round;
  readonly held: Held | null;
  /** The clusters that were tried, and those of them that failed. */
  readonly tried: readonly string[];
  readonly failed: readonly string[];
  /** What was seen, as numbers; none where nobody asks for them. */
  readonly samples: readonly Sample[];
}

/** What a round is taken with. */
export interface RoundContext {
  readonly signal: AbortSignal;
  /** What was found in the round before that nothing can be taken of. */
  readonly held: Held | null;
  /** Clusters that are not tried this time. */
  readonly leftAlone: ReadonlySet<string>;
  /** Says once what is worth knowing of the workspace. */
  readonly introduce: (workspace: Workspace) => Promise<void>;
  readonly emit: (event: RunEvent) => void;
}

/** Everything is opened anew: the commit may have changed how a cluster is reached, or where the record is. */
export async function takeRound(
  terminal: Terminal,
  directory: string,
  options: ReconcileOptions,
  { signal, held, leftAlone, introduce, emit }: RoundContext,
): Promise<Taken> {
  await fastForward(directory, terminal);
  const made = await planDirectory(terminal, directory, { ...options, leftAlone });
  const { plan, workspace } = made;
  await introduce(workspace);
  const commit = (workspace.commit ?? "").slice(0, 12);
  const now = terminal.now();
  const samples = options.listen === undefined ? [] : await samplesOfWorkspace(workspace, { ...made, now });
  const tried = workspace.clusters.map(({ name }) => name);
  const unreadable = failuresOf(made);
  const inGit = workspace.desired.clusters.map(({ name }) => name);
  const about = { commit, leftAlone: inGit.filter((name) => leftAlone.has(name)) };
  const taken = { tried, failed: [...unreadable.keys()], samples };
  if (plan.outcome === "no_changes" && (await isNoted(workspace))) {
    return { ...taken, round: { outcome: "nothing-to-do", done: [], ending: "", ...about }, held: null };
  }
  if (held !== null && planDifference(held.plan, plan).length === 0)
    return { ...taken, round: held.round, held };
  await insist(workspace, terminal, { approved: false });
  const events: RunEvent[] = [];
  const outcome = await applyPlan({
    ...contextOf(terminal, workspace, options, signal),
    signal,
    unreadable,
    turnBackOf: () => new AbortController().signal,
    approve: async (fresh) => {
      const final = finalsOf(fresh, options, workspace.desired).flatMap(keysOfFinal);
      const keys = new Set([...ordinarySteps(fresh), ...final]);
      return approvalWhere(fresh, (key) => keys.has(key));
    },
    emit(event) {
      events.push(event);
      emit(event);
    },
  });
  const failed = [...new Set([...unreadable.keys(), ...events.flatMap(failedIn)])];
  const round = { outcome, done: events.flatMap(doneBy), ending: endingOf(events), ...about };
  const final = finalsOf(plan, options, workspace.desired).flatMap(keysOfFinal);
  const isHeld = isBlockedRun(outcome) && !mayTake(plan, new Set(final));
  return { ...taken, failed, round, held: isHeld ? { plan, round: { ...round, done: [] } } : null };
}

function failuresOf({ unread }: Pick<MadePlan, "unread">): ReadonlyMap<string, Failure> {
  return new Map(
    unread.flatMap(({ name, problem: { code, message, remedy } }) =>
      code === "not-trusted-yet" ? [] : [[name, new Failure(code, message, { hint: remedy })] as const],
    ),
  );
}

function failedIn(event: RunEvent): readonly string[] {
  return event.type === "cluster-finished" && event.outcome === "failed" ? [event.cluster] : [];
}

/** Whether the record knows already that nothing was to be done for this commit: else a run says so, under the lock. */
async function isNoted({ commit, clusters, store }: Workspace): Promise<boolean> {
  const records = await Promise.all(clusters.map(({ name }) => store.load(name)));
  return records.every(({ applied }) => applied?.commit === commit);
}

/** Bare, the flag is for whatever comes: nobody is there to name it. */
function finalsOf(plan: Plan, { approveFinal = [] }: ReconcileOptions, desired: DesiredState) {
  return approveFinal.includes("") ? finalSteps(plan) : approvedFinal(plan, approveFinal, desired);
}

function isBlockedRun(outcome: RunOutcome): boolean {
  return outcome === "blocked" || outcome === "rollback-unfinished";
}

/** Whether anything of a plan could be taken without a person. */
function mayTake({ clusters }: Plan, final: ReadonlySet<string>): boolean {
  return clusters.some(
    ({ name, rotations, overrides }) =>
      overrides.some(({ blocked, actions }) => !blocked && actions.length > 0) ||
      rotations.some(({ steps }) =>
        steps.some(
          (step) =>
            step.after === null &&
            (!needsOwnApproval(step) || final.has(approvalKey(name, step.id))) &&
            !isHeldWhateverRuns(step),
        ),
      ),
  );
}

function doneBy(event: RunEvent): readonly string[] {
  if (event.type === "step-verified") {
    const { authority, from, to, action } = event.step;
    return [`${event.cluster} ${authority} ${action === "verify" ? `is at ${to}` : `${from} → ${to}`}`];
  }
  if (event.type !== "override" || event.stage !== "observed") return [];
  return [`${event.cluster} ${event.authority} override ${event.action.purpose}`];
}

function endingOf(events: readonly RunEvent[]): string {
  const ending = events.findLast((event) => event.type === "finished");
  if (ending === undefined) throw new Error("a run ended without saying how");
  return `${ending.outcome}: ${ending.message}${because(events)}`;
}

function because(events: readonly RunEvent[]): string {
  const blocked = events.findLast((event) => event.type === "blocked");
  const finding = blocked?.step.guards.flatMap(({ findings }) => findings)[0];
  return finding === undefined ? "" : `: ${finding.subject} ${finding.message}`;
}
