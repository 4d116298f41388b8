import { Failure } from "../failure.ts";
import { isBlocked } from "../planner/startable.ts";
import { verdictOf } from "../planner/verdict.ts";
import type { ClusterPlan, Plan } from "../rotation/plan.ts";
import { clusterSteps } from "../rotation/plan-steps.ts";
import { fence } from "../views/markdown/inline.ts";
import { type MarkdownOptions, planMarkdown } from "../views/markdown/plan-markdown.ts";
import {
  ALL,
  type Approval,
  approvalOf,
  approvalOn,
  checkName,
  expectationsOf,
  mergedWith,
  refused,
  type Wanted,
} from "./approval.ts";
import { endCheckRun, keepCheckRun } from "./check-run.ts";
import { endComment, keepComment } from "./comment.ts";
import type { ActionContext } from "./context.ts";
import { keepDriftIssue } from "./drift-issue.ts";
import { writeOutputs, writeSummary } from "./files.ts";
import { type GitHub, githubFailure, type Pull } from "./github.ts";
import type { Render, Written } from "./sticky.ts";

/** What the action does with capstan itself. Both throw a `Failure` (`stale`) when `expect` is not what there is. */
export interface ActionDoors {
  /** What the repository says of approvals, now and at an earlier commit (`null`: there is none to look at). */
  policy(before: string | null): Promise<ApprovalPolicy>;
  /** As `capstan plan` does, and writes the plan file where one is asked for. */
  plan(expect: readonly string[]): Promise<EndedPlan>;
  /** As `capstan apply` does, without asking. */
  apply(expect: readonly string[]): Promise<AppliedRun>;
}

export interface ApprovalPolicy {
  /** Slug of the GitHub App whose check run carries an approved fingerprint. */
  readonly app: string;
  /** The same at the earlier commit; `null` where that could not be looked at. */
  readonly appBefore: string | null;
  /** Apply takes no plan that was not approved: now, or at the earlier commit. */
  readonly required: boolean;
}

export interface PlannedRun {
  readonly plan: Plan;
  readonly fingerprint: string;
  /** Unified diff of what the pull request changes. */
  readonly diff?: string;
  /** Where the plan file was written. */
  readonly planFile?: string;
}

/** With the exit code of `capstan plan`: a cluster that was not read is an error, or waits for the merge. */
export interface EndedPlan extends PlannedRun {
  readonly exit: number;
}

export interface AppliedRun {
  readonly exit: number;
  /** `applied`, `nothing-to-do`, `blocked`, … */
  readonly outcome: string;
  readonly message: string;
  /** The plan that was walked; `null` when it did not come to one. */
  readonly planned: PlannedRun | null;
}

/** The rim: `github` is `null` without a token, `print` goes to the log of the run. */
export interface ActionWorld {
  readonly github: GitHub | null;
  readonly print: (text: string) => void;
  /** A line that GitHub shows beside the run. */
  readonly annotate: (kind: "notice" | "warning", message: string) => void;
}

const EXIT_CHANGES = 2;
const EXIT_BLOCKED = 3;

/**
 * One run of `.github/actions/capstan`: runs capstan, writes summary and outputs, keeps the comment or the issue.
 * Gives the exit code. What GitHub does not let us write is a warning; what capstan fails in is thrown, after the
 * comment was marked as out of date.
 */
export async function runAction(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
): Promise<number> {
  try {
    switch (context.mode) {
      case "plan":
        return await planMode(context, doors, world);
      case "apply":
        return await applyMode(context, doors, world);
      case "drift":
        return await driftMode(context, doors, world);
    }
  } catch (error) {
    await reportError(context, doors, world, error);
    throw error;
  }
}

async function planMode(context: ActionContext, doors: ActionDoors, world: ActionWorld): Promise<number> {
  const queued = context.event === "merge_group";
  const policy = await doors.policy(context.inputs.base);
  const expect = queued ? await reviewedInQueue(context, world, policy) : context.inputs.expect;
  const planned = await doors.plan(expect);
  const { plan, fingerprint, exit } = planned;
  await writeSummary(context.summaryFile, renderer(planned, "capstan plan", {}));
  await writeOutputs(context.outputFile, {
    outcome: plan.outcome,
    fingerprint,
    "plan-file": planned.planFile ?? null,
  });
  const code = exit === EXIT_BLOCKED && context.inputs.failOn === "error" ? 0 : codeOf(exit);
  tellUnread(world, plan);
  if (world.github !== null && context.head !== null) {
    const written = await keepCheckRun(world.github, {
      head: context.head,
      app: policy.app,
      approval: approvalOf(plan, scopeOf(context), queued ? expect.length > 0 : null),
      conclusion: code === EXIT_BLOCKED ? "failure" : codeOf(exit) === 0 ? "success" : "neutral",
      runUrl: context.runUrl,
      render: renderer(planned, "capstan plan", linkTo(context)),
    });
    say(world, "check run of the plan", written);
  }
  // In a merge queue the comment is of what was reviewed; it stays as it is.
  if (world.github !== null && context.pull !== null && !queued) {
    const written = await keepComment(world.github, {
      pull: context.pull,
      scope: scopeOf(context),
      commit: plan.commit,
      fingerprint,
      render: renderer(planned, "capstan plan", linkTo(context)),
    });
    say(world, "comment of the plan", written);
  }
  return code;
}

/** Changes that are planned are no failure of a job; all else that `capstan plan` ends with is. */
function codeOf(exit: number): number {
  return exit === EXIT_CHANGES ? 0 : exit;
}

/** Beside the run, as the job may be green: who approves is not to think that there was a plan of it. */
function tellUnread({ annotate }: ActionWorld, { clusters }: Plan): void {
  for (const { name, problem } of clusters) {
    if (problem !== null)
      annotate("warning", `${name} was not read: ${problem.message} (${problem.code}). ${problem.remedy}`);
  }
}

async function applyMode(context: ActionContext, doors: ActionDoors, world: ActionWorld): Promise<number> {
  const { expect, pulls } = await approvedForApply(context, doors, world);
  const { exit, outcome, message, planned } = await doors.apply(expect);
  const result = `**${outcome}**\n\n${fence(message, "text")}\n`;
  await writeSummary(context.summaryFile, (limit) => {
    const head = `## capstan apply\n\n${result}`;
    if (planned === null) return head;
    return head + renderer(planned, "The plan", {})(limit - head.length);
  });
  await writeOutputs(context.outputFile, {
    outcome,
    fingerprint: planned?.fingerprint ?? null,
    "plan-file": planned?.planFile ?? null,
  });
  if (exit === 0 && world.github !== null) {
    for (const pull of pulls) {
      const ending = { state: "applied", runUrl: context.runUrl } as const;
      const written = await endComment(world.github, pull, scopeOf(context), ending);
      // The right to write comments is a courtesy here: what was applied is in the summary and in the journal.
      if (written.result === "forbidden") {
        world.print(
          `plan of pull request ${pull}: not marked as applied, which takes pull-requests: write\n`,
        );
      } else say(world, `plan of pull request ${pull}`, written);
    }
  }
  return exit;
}

async function driftMode(context: ActionContext, doors: ActionDoors, world: ActionWorld): Promise<number> {
  const planned = await doors.plan(context.inputs.expect);
  const { plan, fingerprint, exit } = planned;
  const code = exit === EXIT_BLOCKED ? 0 : codeOf(exit);
  tellUnread(world, plan);
  await writeSummary(context.summaryFile, renderer(planned, "capstan drift", {}));
  await writeOutputs(context.outputFile, {
    outcome: plan.outcome,
    fingerprint,
    "plan-file": planned.planFile ?? null,
  });
  if (world.github === null) return code;
  for (const cluster of plan.clusters) {
    // Nobody saw that it is as git says: its issue stays as it is.
    if (cluster.problem !== null) continue;
    const alone: PlannedRun = { plan: only(plan, cluster), fingerprint };
    const written = await keepDriftIssue(world.github, {
      cluster: cluster.name,
      commit: plan.commit,
      fingerprint,
      drifted: isDrifted(cluster),
      runUrl: context.runUrl,
      render: renderer(alone, "Live is not what git says", linkTo(context)),
    });
    say(world, `issue of ${cluster.name}`, written);
  }
  return code;
}

/** On the branch that is applied, a step that is still planned is as much a difference as a foreign rotation. */
function isDrifted({ drift, rotations }: ClusterPlan): boolean {
  return drift.length > 0 || rotations.some(({ steps }) => steps.length > 0);
}

/** The plan of one cluster, with the verdict that is its own. */
function only(plan: Plan, cluster: ClusterPlan): Plan {
  const steps = clusterSteps(cluster);
  const blocked = cluster.drift.some(({ blocks }) => blocks) || steps.some(isBlocked);
  const outcome = blocked ? "blocked" : steps.length > 0 ? "ready" : "no_changes";
  return { ...plan, outcome, verdict: verdictOf({ outcome, clusters: [cluster] }), clusters: [cluster] };
}

/** In a merge queue, what the reviewers of its last pull request saw: the group must come to the same. */
async function reviewedInQueue(
  { inputs, ...context }: ActionContext,
  { github, annotate }: ActionWorld,
  { app, required }: ApprovalPolicy,
): Promise<readonly string[]> {
  if (inputs.expect.length > 0) return inputs.expect;
  const { pull } = context;
  const approval =
    github === null || pull === null
      ? null
      : await asking("read the plan that was reviewed", async () => {
          const { head } = await github.pull(pull);
          return await approvalOn(github, head, { scope: inputs.cluster ?? ALL, app });
        });
  if (approval !== null) return expectationsOf(approval);
  if (required || inputs.requirePlan) {
    throw refused(
      `pull request ${pull ?? "of this group"} has no check run of ${app} with a plan that was reviewed`,
      "let the plan workflow run on the pull request before it is queued",
    );
  }
  annotate("notice", "no plan was reviewed on the pull request; there is nothing to compare with");
  return [];
}

interface Brought {
  readonly pulls: readonly Pull[];
  readonly head: string;
}

interface Approved {
  readonly expect: readonly string[];
  /** Whose plan it was. */
  readonly pulls: readonly number[];
}

/**
 * What apply may do: what was given by hand, a plan file, or what the check run of the reviewed commit holds. Nothing
 * is required unless the job or the repository says so; the repository as it was before the merge counts, too, so
 * that nobody can merge a change and the end of what would have refused it in one.
 */
async function approvedForApply(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
): Promise<Approved> {
  const { inputs } = context;
  const policy = await doors.policy(context.before);
  const byHand = inputs.expect.length > 0 || inputs.planFile !== null;
  const required = !byHand && (inputs.requirePlan || policy.required);
  const brought = await broughtBy(context, world, required);
  const pulls = brought === null ? [] : brought.pulls.map(({ number }) => number);
  if (!required) return { expect: inputs.expect, pulls };
  const { github } = world;
  if (github === null || brought === null || context.commit === null) {
    throw refused(
      `what was reviewed for commit ${context.commit ?? "none"} cannot be found out without a token for GitHub's API`,
      "give the action a token with checks: read and pull-requests: read",
    );
  }
  if (policy.appBefore !== null && policy.appBefore !== policy.app) {
    throw refused(
      `what was merged changes whose check run counts, from ${policy.appBefore} to ${policy.app}: neither can approve that`,
      "approve the plan by hand: the input expect",
    );
  }
  const wanted = { scope: scopeOf(context), app: policy.app };
  return { expect: expectationsOf(await reviewed(github, context.commit, brought.head, wanted)), pulls };
}

/** Of a merge group its own plan counts, which was compared with the reviewed one; else that of the pull request. */
async function reviewed(github: GitHub, commit: string, head: string, wanted: Wanted): Promise<Approval> {
  return await asking("read the plan that was reviewed", async () => {
    const ofGroup = commit === head ? null : await approvalOn(github, commit, wanted);
    if (ofGroup !== null) {
      if (ofGroup.reviewed === true) return ofGroup;
      throw refused(
        `the plan of the merge group ${commit} was not compared with one that was reviewed`,
        "let the plan workflow run on pull requests, too, and require its check",
      );
    }
    const approval = await approvalOn(github, head, wanted);
    if (approval !== null && approval.reviewed !== false) return approval;
    throw refused(
      `commit ${head}, which was merged as ${commit}, has no check run "${checkName(wanted.scope)}" of ${wanted.app} with a plan that was reviewed`,
      "let the plan workflow run on the pull request before it is merged (checks: write), or approve by hand: the input expect",
    );
  });
}

async function broughtBy(
  { commit, branch }: ActionContext,
  { github, annotate }: ActionWorld,
  required: boolean,
): Promise<Brought | null> {
  if (github === null || commit === null) return null;
  try {
    if (branch === null)
      throw refused("the run is of no branch (GITHUB_REF)", "run mode apply on a push to the branch");
    const found = mergedWith(
      await asking("find the pull request of this commit", () => github.pullsOf(commit)),
      commit,
      branch,
    );
    if (found instanceof Failure) throw found;
    return found;
  } catch (error) {
    if (required || !(error instanceof Failure)) throw error;
    annotate("notice", `${error.message}; no plan is marked as applied`);
    return null;
  }
}

async function asking<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof Failure ? error : githubFailure(what, error);
  }
}

/** A run that failed says so where people look, and takes the plan before it out of date. */
async function reportError(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
  error: unknown,
): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Failure && error.hint !== null ? `\n→ ${error.hint}` : "";
  await writeSummary(
    context.summaryFile,
    () => `## capstan ${context.mode}: error\n\n${fence(`${message}${hint}`, "text")}`,
  );
  await writeOutputs(context.outputFile, { outcome: "error", fingerprint: null, "plan-file": null });
  const { github } = world;
  if (context.mode !== "plan" || github === null) return;
  const policy = await doors.policy(context.inputs.base).catch(() => null);
  if (context.head !== null && policy !== null) {
    const wanted = { scope: scopeOf(context), app: policy.app };
    say(world, "check run of the plan", await endCheckRun(github, context.head, wanted, context.runUrl));
  }
  if (context.pull === null || context.event === "merge_group") return;
  const ending = { state: "superseded", runUrl: context.runUrl } as const;
  say(world, "comment of the plan", await endComment(github, context.pull, scopeOf(context), ending));
}

function scopeOf({ inputs }: ActionContext): string {
  return inputs.cluster ?? ALL;
}

function linkTo({ runUrl }: ActionContext): MarkdownOptions {
  return runUrl === null ? {} : { link: runUrl };
}

function renderer(planned: PlannedRun, title: string, more: MarkdownOptions): Render {
  // Not the plan file: its path is the runner's.
  const { plan, fingerprint, diff } = planned;
  const options: MarkdownOptions = {
    title,
    fingerprint,
    ...(diff === undefined ? {} : { diff }),
    ...more,
  };
  return (limit) => planMarkdown(plan, { ...options, limit });
}

function say({ print, annotate }: ActionWorld, what: string, written: Written): void {
  if ("message" in written) {
    annotate("warning", `${what}: not written, the summary has it all. ${written.message}`);
  } else print(`${what}: ${written.result}\n`);
}
