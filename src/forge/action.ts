import { Failure } from "../failure.ts";
import { verdictOf } from "../planner/verdict.ts";
import { fence } from "../render/markdown/inline.ts";
import { type MarkdownOptions, planMarkdown } from "../render/markdown/plan-markdown.ts";
import type { ClusterPlan, Plan } from "../rotation/plan.ts";
import { endComment, keepComment, shownFingerprint } from "./comment.ts";
import type { ActionContext } from "./context.ts";
import { keepDriftIssue } from "./drift-issue.ts";
import { annotation, writeOutputs, writeSummary } from "./files.ts";
import { type GitHub, githubFailure } from "./github.ts";
import type { Render, Written } from "./sticky.ts";

/** What the action does with capstan itself. Both throw a `Failure` (`stale`) when `expect` is not what there is. */
export interface ActionDoors {
  /** As `capstan plan` does, and writes the plan file where one is asked for. */
  plan(expect: string | null): Promise<PlannedRun>;
  /** As `capstan apply` does, without asking. */
  apply(expect: string | null): Promise<AppliedRun>;
}

export interface PlannedRun {
  readonly plan: Plan;
  readonly fingerprint: string;
  /** Unified diff of what the pull request changes. */
  readonly diff?: string;
  /** Where the plan file was written. */
  readonly planFile?: string;
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
}

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
    await reportError(context, world, error);
    throw error;
  }
}

async function planMode(context: ActionContext, doors: ActionDoors, world: ActionWorld): Promise<number> {
  const queued = context.event === "merge_group";
  const expect = await expected(context, world, queued ? context.pull : null);
  const planned = await doors.plan(expect);
  const { plan, fingerprint } = planned;
  await writeSummary(context.summaryFile, renderer(planned, "capstan plan", {}));
  await writeOutputs(context.outputFile, {
    outcome: plan.outcome,
    fingerprint,
    "plan-file": planned.planFile ?? null,
  });
  // In a merge queue the comment is what was approved; it stays as it is.
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
  return plan.outcome === "blocked" && context.inputs.failOn === "blocked" ? EXIT_BLOCKED : 0;
}

async function applyMode(context: ActionContext, doors: ActionDoors, world: ActionWorld): Promise<number> {
  const pulls = await pullsOfCommit(context, world);
  const expect = await expected(context, world, pulls[0] ?? null);
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
      say(
        world,
        `plan of pull request ${pull}`,
        await endComment(world.github, pull, scopeOf(context), ending),
      );
    }
  }
  return exit;
}

async function driftMode(context: ActionContext, doors: ActionDoors, world: ActionWorld): Promise<number> {
  const planned = await doors.plan(context.inputs.expect);
  const { plan, fingerprint } = planned;
  await writeSummary(context.summaryFile, renderer(planned, "capstan drift", {}));
  await writeOutputs(context.outputFile, {
    outcome: plan.outcome,
    fingerprint,
    "plan-file": planned.planFile ?? null,
  });
  if (world.github === null) return 0;
  for (const cluster of plan.clusters) {
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
  return 0;
}

/** On the branch that is applied, a step that is still planned is as much a difference as a foreign rotation. */
function isDrifted({ drift, rotations }: ClusterPlan): boolean {
  return drift.length > 0 || rotations.some(({ steps }) => steps.length > 0);
}

/** The plan of one cluster, with the verdict that is its own. */
function only(plan: Plan, cluster: ClusterPlan): Plan {
  const steps = cluster.rotations.flatMap((rotation) => rotation.steps);
  const blocked =
    cluster.drift.some(({ blocks }) => blocks) ||
    steps.some(({ guards }) => guards.some(({ outcome }) => outcome !== "pass"));
  const outcome = blocked ? "blocked" : steps.length > 0 ? "ready" : "no_changes";
  return { ...plan, outcome, verdict: verdictOf({ outcome, clusters: [cluster] }), clusters: [cluster] };
}

/** The fingerprint that the plan must have: the one that was given, else the one that reviewers saw. */
async function expected(
  { inputs, commit, ...context }: ActionContext,
  { github, print }: ActionWorld,
  pull: number | null,
): Promise<string | null> {
  if (inputs.expect !== null) return inputs.expect;
  if (!inputs.requirePlan && context.event !== "merge_group") return null;
  const shown = github === null || pull === null ? null : await reviewed(github, pull, inputs.cluster ?? ALL);
  if (shown !== null) return shown;
  if (inputs.requirePlan) {
    throw new Failure(
      "stale",
      `no pull request of commit ${commit ?? "none"} shows a plan that was reviewed`,
      {
        hint: "let the plan workflow comment on the pull request before it is merged, or turn require-plan off",
      },
    );
  }
  print(annotation("notice", "no plan was shown on the pull request; there is nothing to compare with"));
  return null;
}

async function reviewed(github: GitHub, pull: number, scope: string): Promise<string | null> {
  try {
    return await shownFingerprint(github, pull, scope);
  } catch (error) {
    throw githubFailure("read the plan that was reviewed", error);
  }
}

async function pullsOfCommit(
  context: ActionContext,
  { github, print }: ActionWorld,
): Promise<readonly number[]> {
  if (github === null || context.commit === null) return [];
  try {
    return await github.pullsOf(context.commit);
  } catch (error) {
    const failure = githubFailure("find the pull request of this commit", error);
    if (context.inputs.requirePlan) throw failure;
    print(annotation("warning", failure.message));
    return [];
  }
}

/** A run that failed says so where people look, and takes the plan before it out of date. */
async function reportError(context: ActionContext, world: ActionWorld, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Failure && error.hint !== null ? `\n→ ${error.hint}` : "";
  await writeSummary(
    context.summaryFile,
    () => `## capstan ${context.mode}: error\n\n${fence(`${message}${hint}`, "text")}`,
  );
  await writeOutputs(context.outputFile, { outcome: "error", fingerprint: null, "plan-file": null });
  if (context.mode !== "plan" || context.event === "merge_group") return;
  if (world.github === null || context.pull === null) return;
  const ending = { state: "superseded", runUrl: context.runUrl } as const;
  say(world, "comment of the plan", await endComment(world.github, context.pull, scopeOf(context), ending));
}

const ALL = "all";

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

function say({ print }: ActionWorld, what: string, written: Written): void {
  if ("message" in written) {
    print(annotation("warning", `${what}: not written, the summary has it all. ${written.message}`));
  } else print(`${what}: ${written.result}\n`);
}
