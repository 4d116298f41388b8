import { Failure } from "../failure.ts";
import { planFingerprint } from "../planner/saved/fingerprint.ts";
import type { Plan } from "../rotation/plan.ts";
import { harmless } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import type { CheckRun, CheckRuns, ForgeName, Pull } from "./forge.ts";
import { forgeWords } from "./forge-words.ts";

/**
 * What was approved is what GitHub ties to the reviewed commit: a check run of that very head, by the app that the
 * repository names, whose name and conclusion are right (design, section 11). A comment is for people; whoever may
 * write to the repository may edit it, so nothing is ever read from one.
 */
export interface ReviewedPlan {
  readonly v: 1;
  readonly scope: string;
  /** The commit that was planned: of a pull request GitHub's own merge of it. */
  readonly commit: string | null;
  /** Fingerprint of the whole plan. */
  readonly plan: string;
  /** Of each cluster, `null` where it was not planned; `null` where they are too many for a check run. */
  readonly clusters: Readonly<Record<string, string | null>> | null;
  /** In a merge queue: whether it is what the reviewers of the pull request saw. `null` for a pull request itself. */
  readonly reviewed: boolean | null;
}

const NAME = "capstan plan";

/** The scope of a run that is about all clusters. */
export const ALL = "all";

/** Shown among the checks of the pull request; a job of a matrix has its own. */
export function checkName(scope: string): string {
  return scope === ALL ? NAME : `${NAME} (${scope})`;
}

/** GitHub's limit for the text of a check run. */
const LONGEST_TEXT = 65_000;

const BLOCK = /^```json\n([^`]*)\n```\n$/;

/** What a check run carries of a plan; without its clusters where they are too many for one. */
export function reviewedPlan(plan: Plan, scope: string, reviewed: boolean | null): ReviewedPlan {
  const clusters = Object.fromEntries(plan.clusters.map(({ name, fingerprint }) => [name, fingerprint]));
  const whole: ReviewedPlan = {
    v: 1,
    scope,
    commit: plan.commit,
    plan: plan.fingerprint,
    clusters,
    reviewed,
  };
  return reviewedPlanText(whole).length > LONGEST_TEXT ? { ...whole, clusters: null } : whole;
}

/** The text of the check run that carries it: JSON in a fence, which GitHub shows and apply reads back. */
export function reviewedPlanText(reviewed: ReviewedPlan): string {
  return `\`\`\`json\n${jsonText(reviewed)}\n\`\`\`\n`;
}

/** What `--expect` takes, from what was approved. */
export function expectationsOf({ plan, clusters }: ReviewedPlan): readonly string[] {
  if (clusters === null) return [plan];
  const known = Object.entries(clusters).flatMap(([name, fingerprint]) =>
    fingerprint === null ? [] : [`${name}=${fingerprint}`],
  );
  // A plan without a cluster is approved as a whole.
  if (Object.keys(clusters).length === 0) return [plan];
  if (known.length > 0) return known;
  throw notApplied(
    "the plan that was reviewed could read none of its clusters",
    "plan it again, and have it reviewed",
  );
}

/** Where an approval has to be, and whose. */
export interface WantedRun {
  readonly scope: string;
  /** Slug of the GitHub App whose check run counts. */
  readonly app: string;
}

/**
 * The pull request that brought a commit to a branch: merged, into this branch, as this commit. A forge lists others
 * for the same commit, too: into another branch, open, or of somebody who pushed the same commits.
 */
export function mergedWith(
  pulls: readonly Pull[],
  commit: string,
  branch: string,
  forge: ForgeName,
): { readonly pulls: readonly Pull[]; readonly head: string } | Failure {
  const { change } = forgeWords(forge);
  const here = pulls.filter(({ merged, base }) => merged && base === branch);
  const asCommit = here.filter(({ mergeCommit }) => mergeCommit === commit);
  // Pushed as it is, a pull request has no commit of its own on the branch.
  const brought = asCommit.length > 0 ? asCommit : here.filter(({ head }) => head === commit);
  const heads = [...new Set(brought.map(({ head }) => head))];
  const [head, ...others] = heads;
  if (head === undefined) {
    const listed = pulls.map(({ number, base }) => `${number} into ${harmless(base)}`).join(", ");
    return notApplied(
      `no ${change} was merged into ${harmless(branch)} as commit ${commit}${listed === "" ? "" : ` (${forge} lists ${listed})`}`,
      "merge it by a pull request whose plan was reviewed, or approve its plan by hand: the input expect",
    );
  }
  if (others.length > 0) {
    const numbers = brought.map(({ number }) => number).join(" and ");
    return notApplied(
      `commit ${commit} was merged into ${harmless(branch)} by several ${change}s, ${numbers}, and which one was reviewed cannot be told`,
      "approve the plan by hand: the input expect",
    );
  }
  return { pulls: brought, head };
}

/** The approval on a commit, `null` where the app has said nothing about it; whatever is not as it should be is refused. */
export async function reviewedPlanOn(
  checkRuns: CheckRuns,
  head: string,
  wanted: WantedRun,
): Promise<ReviewedPlan | null> {
  const ours = await ownRuns(checkRuns, head, wanted);
  const [run, ...others] = ours;
  if (run === undefined) return null;
  const what = `the check run "${checkName(wanted.scope)}" of ${wanted.app} on commit ${head}`;
  if (others.length > 0) {
    throw notApplied(
      `there are ${ours.length} check runs "${checkName(wanted.scope)}" of ${wanted.app} on commit ${head}, and which one was reviewed cannot be told`,
      "let the plan workflow run once for each commit and scope; push a commit, and have its plan reviewed",
    );
  }
  if (run.conclusion !== "success" && run.conclusion !== "neutral") {
    throw notApplied(
      `${what} ended as ${harmless(run.conclusion ?? "not at all")}`,
      "let the plan workflow run again, and have its plan reviewed",
    );
  }
  const found = readReviewedPlan(run);
  if (found === null || found.scope !== wanted.scope) {
    throw notApplied(
      `${what} holds no plan that capstan wrote`,
      "let the plan workflow run again, and have its plan reviewed",
    );
  }
  return found;
}

/** Check runs of that name by that app on that very commit. */
export async function ownRuns(
  checkRuns: CheckRuns,
  head: string,
  { scope, app }: WantedRun,
): Promise<readonly CheckRun[]> {
  const name = checkName(scope);
  const runs = await checkRuns.on(head, name);
  return runs.filter((run) => run.name === name && run.head === head && run.app === app);
}

const FINGERPRINT = /^sha256:[0-9a-f]{64}$/;

/** Both places say the same, and the fingerprint of the plan is that of its clusters. */
function readReviewedPlan({ externalId, text }: CheckRun): ReviewedPlan | null {
  const json = BLOCK.exec(text.replace(/\r\n/g, "\n").replace(/\n*$/, "\n"))?.[1];
  if (json === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { v, scope, commit, plan, clusters, reviewed } = value as Readonly<
    Record<keyof ReviewedPlan, unknown>
  >;
  const isKnown =
    v === 1 &&
    typeof scope === "string" &&
    (commit === null || typeof commit === "string") &&
    typeof plan === "string" &&
    FINGERPRINT.test(plan) &&
    plan === externalId &&
    (reviewed === null || typeof reviewed === "boolean");
  if (!isKnown || !areClusters(clusters)) return null;
  if (clusters !== null) {
    const listed = Object.entries(clusters).map(([name, fingerprint]) => ({ name, fingerprint }));
    if (planFingerprint(listed) !== plan) return null;
  }
  return { v: 1, scope, commit, plan, clusters, reviewed };
}

function areClusters(value: unknown): value is ReviewedPlan["clusters"] {
  if (value === null) return true;
  if (typeof value !== "object" || Array.isArray(value)) return false;
  return Object.values(value).every(
    (fingerprint) =>
      fingerprint === null || (typeof fingerprint === "string" && FINGERPRINT.test(fingerprint)),
  );
}

/** The `Failure` (`stale`) of an apply that does not begin, as what was approved is not what would run. */
export function notApplied(message: string, hint: string): Failure {
  return new Failure("stale", message, { hint: `nothing was applied; ${hint}` });
}
