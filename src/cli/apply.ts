import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Approval, approvalWhere, NOTHING_APPROVED } from "../apply/approval.ts";
import type { RunContext } from "../apply/context.ts";
import type { RunEvent, RunOutcome } from "../apply/event.ts";
import { applyPlan } from "../apply/run.ts";
import { systemClock } from "../apply/run-clock.ts";
import { runChecks } from "../checks/run/run-checks.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { isSelecting, type SelectionFlags } from "../fleet/selection.ts";
import { isoTime } from "../iso-time.ts";
import { type Approved, approvedClusters, byCluster, staleClusters } from "../planner/saved/approved.ts";
import { bindingOf } from "../planner/saved/fingerprint.ts";
import { type BoundPlan, requireCommit } from "../planner/saved/plan-file.ts";
import { createRunner } from "../process/runner.ts";
import type { LockHolder } from "../record/store.ts";
import type { Plan } from "../rotation/plan.ts";
import { canDraw } from "../views/tui/can-draw.ts";
import { approvedFinal, askApproval, finalSteps, keysOfFinal, ordinarySteps } from "./approved-steps.ts";
import { checkMeans } from "./check-means.ts";
import type { APPLY } from "./commands/apply-rows.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import { type EventFile, openEventFile } from "./event-file.ts";
import { type ExitCode, exitOfRun } from "./exit-code.ts";
import { expectations } from "./expectations.ts";
import { insist } from "./insist.ts";
import { isFolder, type NamedPlanFile, readNamedPlanFile } from "./named-plan-file.ts";
import { Notifier } from "./notifier.ts";
import { observeAll, planOfWorkspace, withRecords } from "./observe.ts";
import { openPlatforms } from "./open-clusters.ts";
import { runText } from "./run-text.ts";
import { applyOnScreen } from "./screen.ts";
import { onSignals } from "./signals.ts";
import { canAsk, type Terminal } from "./terminal.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

/** `approveFinal` holds `""` where the flag stood bare. */
type ApplyOptions = ValuesOf<typeof APPLY.flags>;

/** Whoever calls the command from within: hears of everything, and of the plan with what it is bound to. */
export interface ApplyListener {
  readonly onEvent: (event: RunEvent) => void;
  readonly onPlan: (plan: BoundPlan) => void;
}

/** `capstan apply`: plans anew, asks or takes the flags for an answer, and walks. */
export async function apply(
  terminal: Terminal,
  argument: string | undefined,
  options: ApplyOptions,
  listener: ApplyListener | null = null,
): Promise<ExitCode> {
  const saved =
    argument === undefined || (await isFolder(terminal, argument))
      ? null
      : await readNamedPlanFile(terminal, argument);
  const directory = saved === null ? (argument ?? options.directory) : options.directory;
  const approved: readonly Approved[] = [
    ...(saved === null ? [] : [{ by: "file", ...saved } as const]),
    ...expectations(options.expect),
  ];
  const opened = within(saved, await openWorkspace(directory, options, terminal, "commit"), options);
  const workspace = amongApproved(approved, opened);
  if (saved !== null) requireCommit(saved.file, workspace.commit, saved.name);
  await insist(workspace, terminal, { approved: approved.length > 0 });
  const named = options.events === undefined ? undefined : resolve(terminal.cwd, options.events);
  const events = await openEventFile(named);
  const { stop, dispose } = onSignals(terminal);
  const onScreen =
    options.tui &&
    options.format === "text" &&
    options.autoApprove !== true &&
    canDraw(terminal.env, terminal);
  let compared = approved;
  let heard = false;
  // A line beside the screen would go through it.
  const said = onScreen ? { ...options, quiet: true } : options;
  const context: Context = {
    ...contextOf(terminal, workspace, said, stop.signal, options.acceptHistory),
    accept(plan, observations) {
      const now = { plan, binding: bindingOf(workspace.desired, observations, plan.clusters) };
      if (!heard) listener?.onPlan(now);
      heard = true;
      const refused = staleClusters(compared, now);
      // What is looked at later is one cluster at a time.
      compared = byCluster(compared, now);
      return refused;
    },
  };
  const notifier = new Notifier(createRunner({ limit: 1 }), (line) => {
    terminal.stderr.write(`${line}\n`);
  });
  const emit = (event: RunEvent) => {
    events.write(event);
    notifier.hear(event);
    listener?.onEvent(event);
  };
  try {
    if (onScreen) {
      const recheck = async (clusters: readonly string[]) => {
        const platforms = [...context.platforms].filter(([name]) => clusters.includes(name));
        const observations = await observeAll(new Map(platforms));
        const known = await withRecords(workspace, { observations, unread: [] });
        const plan = await planOfWorkspace(workspace, known, terminal.now());
        const [refused] = context.accept?.(plan, observations).values() ?? [];
        if (refused !== undefined) throw refused;
        return { plan, observations };
      };
      return exitOfRun(await applyOnScreen(terminal, workspace, options, context, { emit, stop, recheck }));
    }
    return exitOfRun(await applyAsText(terminal, options, context, stop.signal, emit));
  } catch (error) {
    const [only, ...others] = workspace.clusters;
    const cluster = others.length > 0 ? null : (only?.name ?? null);
    if (error instanceof Failure) notifier.failed(error, isoTime(terminal.now()), cluster);
    throw error;
  } finally {
    dispose();
    await events.close();
    await notifier.settle(workspace.repository, workspace.commit);
  }
}

type Context = Omit<RunContext, "approve" | "emit" | "signal" | "turnBackOf">;

/** What a run on a workspace works with, clusters opened. */
export function contextOf(
  terminal: Terminal,
  workspace: Workspace,
  options: CommonOptions & Pick<ApplyOptions, "parallel">,
  signal: AbortSignal,
  acceptHistory?: string,
): Context {
  return {
    desired: workspace.desired,
    commit: workspace.commit,
    ...(workspace.history === null ? {} : { history: workspace.history }),
    ...(acceptHistory === undefined ? {} : { acceptHistory }),
    platforms: openPlatforms(workspace, terminal, options, signal),
    store: workspace.store,
    parallel: options.parallel,
    clock: { ...systemClock, now: () => terminal.now() },
    holder: holderOf(terminal, workspace.commit),
    runChecks: (cluster, checks, stopped) =>
      runChecks(cluster, checks, checkMeans(workspace, terminal, options, stopped)),
  };
}

/** A plan file says itself which clusters it is about. */
function within(saved: NamedPlanFile | null, workspace: Workspace, wanted: SelectionFlags): Workspace {
  if (saved === null) return workspace;
  const planned = saved.file.plan.clusters.map(({ name }) => name);
  const selected = workspace.clusters.map(({ name }) => name);
  if (isSelecting(wanted) && !isDeepStrictEqual(planned.toSorted(), selected.toSorted())) {
    throw new Failure(
      "usage",
      `${saved.name} is the plan of ${planned.join(", ")}, not of ${selected.join(", ")}`,
      { hint: "leave out --cluster, --selector and --shard: a plan file is applied as a whole" },
    );
  }
  return { ...workspace, clusters: workspace.clusters.filter(({ name }) => planned.includes(name)) };
}

/** Where clusters were approved by name, the others are none of this run's business. */
function amongApproved(approved: readonly Approved[], workspace: Workspace): Workspace {
  const names = approvedClusters(approved);
  if (names === null) return workspace;
  const clusters = workspace.clusters.filter(({ name }) => names.has(name));
  if (clusters.length > 0) return { ...workspace, clusters };
  throw new Failure("stale", `none of the clusters here was approved: ${[...names].join(", ")}`, {
    hint: "nothing was applied; plan again, and have it approved again",
  });
}

async function applyAsText(
  terminal: Terminal,
  options: ApplyOptions,
  context: Context,
  signal: AbortSignal,
  emit: EventFile["write"],
): Promise<RunOutcome> {
  const tell = await runText(terminal, options, context.platforms.size > 1);
  return await applyPlan({
    ...context,
    signal,
    turnBackOf: () => new AbortController().signal,
    approve,
    emit(event) {
      emit(event);
      tell(event);
    },
  });

  async function approve(plan: Plan): Promise<Approval | null> {
    const ordinary = options.autoApprove === true;
    const final = approvedFinal(plan, options.approveFinal ?? [], context.desired);
    const keys = final.flatMap(keysOfFinal);
    const isLeft = finalSteps(plan).some((one) => !keysOfFinal(one).every((key) => keys.includes(key)));
    if (canAsk(terminal) && (!ordinary || isLeft)) {
      return await askApproval(terminal, plan, { ordinary, final }, signal);
    }
    if (!ordinary) return NOTHING_APPROVED;
    const approved = new Set([...ordinarySteps(plan), ...keys]);
    return approvalWhere(plan, (key) => approved.has(key));
  }
}

/** Who is at work, for whoever comes second: on a runner with the page of the run. */
function holderOf({ env }: Terminal, commit: string | null): LockHolder {
  const who = env["GITHUB_ACTOR"] ?? env["GITLAB_USER_LOGIN"] ?? userInfo().username;
  const at = commit === null ? "" : ` of commit ${commit.slice(0, 12)}`;
  const holder = { who: `${who}@${hostname()}`, why: `capstan apply${at}` };
  const {
    GITHUB_SERVER_URL: server,
    GITHUB_REPOSITORY: repository,
    GITHUB_RUN_ID: run,
    CI_JOB_URL: job,
  } = env;
  if (job) return { ...holder, runUrl: job };
  if (!server || !repository || !run) return holder;
  return { ...holder, runUrl: `${server}/${repository}/actions/runs/${run}` };
}
