import { Failure } from "../failure.ts";
import type { ActionContext } from "./action-context.ts";
import type { ActionDoors, ActionWorld, ApprovalPolicy } from "./action-doors.ts";
import { scopeOf } from "./action-words.ts";
import type { CheckRuns, ForgeName, Pull } from "./forge.ts";
import { forgeWords, whatBinds } from "./forge-words.ts";
import { forgeFailure } from "./http-errors.ts";
import { hasChecks } from "./plan-check-run.ts";
import {
  checkName,
  expectationsOf,
  mergedWith,
  notApplied,
  type ReviewedPlan,
  reviewedPlanOn,
  type WantedRun,
} from "./reviewed-plan.ts";

/** In a merge queue, what the reviewers of its last pull request saw: the group must come to the same. */
export async function reviewedInQueue(
  context: ActionContext,
  { forge, annotate }: ActionWorld,
  { app, required }: ApprovalPolicy,
): Promise<readonly string[]> {
  const { inputs, pull } = context;
  if (inputs.expect.length > 0) return inputs.expect;
  const approval =
    !hasChecks(forge) || pull === null
      ? null
      : await asking(forge.name, "read the plan that was reviewed", async () => {
          const { head } = await forge.pull(pull);
          return await reviewedPlanOn(forge.checkRuns, head, { scope: scopeOf(context), app });
        });
  if (approval !== null) return expectationsOf(approval);
  if (required || inputs.requirePlan) {
    if (forge !== null && !hasChecks(forge)) throw unbound(forge.name);
    throw notApplied(
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
export async function approvedForApply(
  context: ActionContext,
  doors: ActionDoors,
  world: ActionWorld,
): Promise<Approved> {
  const { inputs } = context;
  const policy = await doors.policy(context.before);
  const byHand = inputs.expect.length > 0 || inputs.planFile !== null;
  const required = !byHand && (inputs.requirePlan || policy.required);
  const { forge } = world;
  if (required && forge !== null && !hasChecks(forge)) throw unbound(forge.name);
  const brought = await broughtBy(context, world, required);
  const pulls = brought === null ? [] : brought.pulls.map(({ number }) => number);
  if (!required) return { expect: inputs.expect, pulls };
  if (!hasChecks(forge) || brought === null || context.commit === null) {
    throw notApplied(
      `what was reviewed for commit ${context.commit ?? "none"} cannot be found out without a token for the forge's API`,
      "give the action a token with checks: read and pull-requests: read",
    );
  }
  if (policy.appBefore !== null && policy.appBefore !== policy.app) {
    throw notApplied(
      `what was merged changes whose check run counts, from ${policy.appBefore} to ${policy.app}: neither can approve that`,
      "approve the plan by hand: the input expect",
    );
  }
  const wanted = { scope: scopeOf(context), app: policy.app };
  return {
    expect: expectationsOf(await reviewed(forge.name, forge.checkRuns, context.commit, brought.head, wanted)),
    pulls,
  };
}

/** Of a merge group its own plan counts, which was compared with the reviewed one; else that of the pull request. */
async function reviewed(
  forge: ForgeName,
  checkRuns: CheckRuns,
  commit: string,
  head: string,
  wanted: WantedRun,
): Promise<ReviewedPlan> {
  return await asking(forge, "read the plan that was reviewed", async () => {
    const ofGroup = commit === head ? null : await reviewedPlanOn(checkRuns, commit, wanted);
    if (ofGroup !== null) {
      if (ofGroup.reviewed === true) return ofGroup;
      throw notApplied(
        `the plan of the merge group ${commit} was not compared with one that was reviewed`,
        "let the plan workflow run on pull requests, too, and require its check",
      );
    }
    const approval = await reviewedPlanOn(checkRuns, head, wanted);
    if (approval !== null && approval.reviewed !== false) return approval;
    throw notApplied(
      `commit ${head}, which was merged as ${commit}, has no check run "${checkName(wanted.scope)}" of ${wanted.app} with a plan that was reviewed`,
      "let the plan workflow run on the pull request before it is merged (checks: write), or approve by hand: the input expect",
    );
  });
}

async function broughtBy(
  { commit, branch }: ActionContext,
  { forge, annotate }: ActionWorld,
  required: boolean,
): Promise<Brought | null> {
  if (forge === null || commit === null) return null;
  try {
    if (branch === null)
      throw notApplied("the run is of no branch (GITHUB_REF)", "run mode apply on a push to the branch");
    const found = mergedWith(
      await asking(forge.name, `find the ${forgeWords(forge.name).change} of this commit`, () =>
        forge.pullsOf(commit),
      ),
      commit,
      branch,
      forge.name,
    );
    if (found instanceof Failure) throw found;
    return found;
  } catch (error) {
    if (required || !(error instanceof Failure)) throw error;
    annotate("notice", `${error.message}; no plan is marked as applied`);
    return null;
  }
}

/** Refused before anything is read: a text on this forge is nobody's approval. */
function unbound(forge: ForgeName): Failure {
  return notApplied(whatBinds(forge), "hand over what was approved: INPUT_EXPECT, or INPUT_PLAN_FILE");
}

async function asking<Answer>(forge: ForgeName, what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof Failure ? error : forgeFailure(forge, what, error);
  }
}
