import { approvalKey, approvalWhere } from "../apply/approval.ts";
import type { RunEvent, RunOutcome } from "../apply/event.ts";
import { applyPlan } from "../apply/run.ts";
import { systemClock } from "../apply/run-clock.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { planDifference } from "../planner/saved/plan-difference.ts";
import { isHeldWhateverRuns } from "../planner/startable.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import { needsOwnApproval, type Plan } from "../rotation/plan.ts";
import { harmless } from "../views/harmless.ts";
import { eventText } from "../views/text/event-text.ts";
import { contextOf } from "./apply.ts";
import { approvedFinal, finalSteps, keysOfFinal, ordinarySteps } from "./approved-steps.ts";
import type { RECONCILE } from "./commands/apply-rows.ts";
import { directoryOf } from "./commands/common-flags.ts";
import { EXIT, type ExitCode, exitOfRun } from "./exit-code.ts";
import { fastForward } from "./fast-forward.ts";
import { insist } from "./insist.ts";
import { sayWhoseRecord } from "./open-record.ts";
import { planDirectory } from "./plan-directory.ts";
import { onSignals } from "./signals.ts";
import { paintFor, type Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

/** `approveFinal` holds `""` where the flag stood bare: then for whatever comes. */
type ReconcileOptions = ValuesOf<typeof RECONCILE.flags>;

/** What came of one round. */
interface Round {
  readonly outcome: RunOutcome;
  readonly commit: string;
  /** The steps that were taken. */
  readonly done: readonly string[];
  /** Why it went no further. */
  readonly ending: string;
}

/** A plan of which nothing can be taken: as long as nothing moves, there is no reason to lock and try again. */
interface Held {
  readonly plan: Plan;
  readonly round: Round;
}

/** `capstan reconcile`: follows the branch, plans, and takes what guards allow, round after round. */
export async function reconcile(
  terminal: Terminal,
  argument: string | undefined,
  options: ReconcileOptions,
): Promise<ExitCode> {
  const directory = directoryOf(argument, options);
  const { stop, dispose } = onSignals(terminal);
  const { signal } = stop;
  sayFinal(terminal, options);
  try {
    let held: Held | null = null;
    let said = "";
    let introduced = false;
    const introduce = async (workspace: Workspace) => {
      if (!introduced) await sayWhoseRecord(workspace, terminal, options);
      introduced = true;
    };
    for (let failures = 0; !signal.aborted; ) {
      try {
        const taken: Taken = await takeRound(terminal, directory, options, { signal, held, introduce });
        said = tell(terminal, options, taken.round, said);
        if (options.once === true) return exitOfRun(taken.round.outcome);
        held = taken.held;
        failures = 0;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (signal.aborted) break;
        // Flags are not mended by waiting.
        if (options.once === true || error.code === "usage") throw error;
        said = tellFailure(terminal, error, said);
        held = null;
        failures += 1;
      }
      await asleep(pauseAfter(failures, options.interval, Math.random()), signal);
    }
    return EXIT.interrupted;
  } finally {
    dispose();
  }
}

/** Nobody will be asked later. */
function sayFinal(terminal: Terminal, { approveFinal = [], quiet }: ReconcileOptions): void {
  if (approveFinal.length === 0 || quiet === true) return;
  const whose = approveFinal.includes("")
    ? "every point of no return of every rotation in git"
    : `the points of no return of ${approveFinal.join(", ")}`;
  terminal.stderr.write(`${harmless(`--approve-final: ${whose} is taken without asking`)}\n`);
}

interface Taken {
  readonly round: Round;
  readonly held: Held | null;
}

interface RoundContext {
  readonly signal: AbortSignal;
  /** What was found in the round before that nothing can be taken of. */
  readonly held: Held | null;
  /** Says once what is worth knowing of the workspace. */
  readonly introduce: (workspace: Workspace) => Promise<void>;
}

/** Everything is opened anew: the commit may have changed how a cluster is reached, or where the record is. */
async function takeRound(
  terminal: Terminal,
  directory: string,
  options: ReconcileOptions,
  { signal, held, introduce }: RoundContext,
): Promise<Taken> {
  await fastForward(directory, terminal);
  const { plan, workspace } = await planDirectory(terminal, directory, options);
  await introduce(workspace);
  const commit = (workspace.commit ?? "").slice(0, 12);
  if (plan.outcome === "no_changes" && (await isNoted(workspace)))
    return { round: { outcome: "nothing-to-do", commit, done: [], ending: "" }, held: null };
  if (held !== null && planDifference(held.plan, plan).length === 0) return { round: held.round, held };
  await insist(workspace, terminal, { approved: false });
  const paint = await paintFor(terminal.stderr, terminal.env, options.color);
  const events: RunEvent[] = [];
  const outcome = await applyPlan({
    ...contextOf(terminal, workspace, options, signal),
    signal,
    turnBack: new AbortController().signal,
    approve: async (now) => {
      const final = finalsOf(now, options, workspace.desired).flatMap(keysOfFinal);
      const keys = new Set([...ordinarySteps(now), ...final]);
      return approvalWhere(now, (key) => keys.has(key));
    },
    emit(event) {
      events.push(event);
      const text = options.verbose === true ? eventText(event, paint) : null;
      if (text !== null) terminal.stderr.write(`${text}\n`);
    },
  });
  const round = { outcome, commit, done: events.flatMap(doneBy), ending: endingOf(events) };
  const final = finalsOf(plan, options, workspace.desired).flatMap(keysOfFinal);
  const isHeld = isBlockedRun(outcome) && !mayTake(plan, new Set(final));
  return { round, held: isHeld ? { plan, round: { ...round, done: [] } } : null };
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

/** Says on one line what is new, and gives what whoever reads along now knows: not what ended well. */
function tell(terminal: Terminal, options: ReconcileOptions, round: Round, known: string): string {
  const { outcome, commit, done, ending } = round;
  const endedWell = outcome === "applied" || outcome === "nothing-to-do";
  const news = [
    ...(done.length === 0 ? [] : [`applied: ${done.join(", ")}`]),
    ...(endedWell && (known === "" || done.length > 0) ? [] : [endedWell ? "live equals desired" : ending]),
  ];
  const isKnown = done.length === 0 && `${commit} ${ending}` === known;
  if (news.length > 0 && !isKnown && !(endedWell && options.quiet === true)) {
    terminal.stderr.write(`${harmless(`${commit} ${news.join("; ")}`)}\n`);
  }
  return endedWell ? "" : `${commit} ${ending}`;
}

/** As at the end of any command, with the diagnostics of resources on lines of their own. */
function tellFailure(terminal: Terminal, { message, hint }: Failure, known: string): string {
  const text = hint === null ? message : `${message} → ${hint}`;
  if (text !== known) terminal.stderr.write(`error: ${text.split("\n").map(harmless).join("\n")}\n`);
  return text;
}

const LONGEST_PAUSE_MS = 15 * 60_000;

/** Twice as long after every failure in a row; a tenth more or less, so that many do not ask at the same moment. */
export function pauseAfter(failures: number, interval: number, chance: number): number {
  const longest = Math.max(interval, LONGEST_PAUSE_MS);
  return Math.min(interval * 2 ** failures, longest) * (0.9 + 0.2 * chance);
}

/** Until the time is over or the signal fires, whichever comes first. */
async function asleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await systemClock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
