import { asWritten, createOnce, type Render, sameText, type Written, writeFitting } from "./fitting-text.ts";
import type { CheckRun, CheckRuns, Forge, NewCheckRun } from "./forge.ts";
import { checkName, ownRuns, type ReviewedPlan, reviewedPlanText, type WantedRun } from "./reviewed-plan.ts";

/** A forge on which an approval can be kept. */
type ForgeWithChecks = Forge & { readonly checkRuns: CheckRuns };

/** Whether it is one. */
export function hasChecks(forge: Forge | null): forge is ForgeWithChecks {
  return forge !== null && forge.checkRuns !== null;
}

/** The plan of a commit, for those who review it, and what of it is approved when the commit is merged. */
export interface PlanCheck {
  /** The commit that reviewers look at. */
  readonly head: string;
  /** Slug of the app whose check run counts. */
  readonly app: string;
  readonly reviewed: ReviewedPlan;
  readonly conclusion: NewCheckRun["conclusion"];
  readonly runUrl: string | null;
  readonly render: Render;
}

/** Keeps one check run per commit and scope: a plan that is made again takes the place of the one before. */
export async function keepCheckRun(forge: ForgeWithChecks, check: PlanCheck): Promise<Written> {
  const { head, app, reviewed, conclusion, runUrl, render } = check;
  const wanted = { scope: reviewed.scope, app };
  return await asWritten(forge, async () => {
    const found = await own(forge, head, wanted);
    return await writeFitting("", render, async (summary): Promise<Written> => {
      const run: NewCheckRun = {
        name: checkName(reviewed.scope),
        head,
        conclusion,
        externalId: reviewed.plan,
        title: `plan ${reviewed.plan.slice(0, 19)}…`,
        summary,
        text: reviewedPlanText(reviewed),
        detailsUrl: runUrl,
      };
      if (found !== undefined && isSame(found, run)) return { result: "unchanged" };
      const written =
        found === undefined
          ? await createOnce(
              () => own(forge, head, wanted),
              () => forge.checkRuns.create(run),
            )
          : await forge.checkRuns.update(found.id, run);
      if (written.app === app) return { result: found === undefined ? "created" : "updated" };
      return {
        result: "failed",
        message: `it is by the app ${written.app}, and apply takes one by ${app} only (approval.app of the repository resource)`,
      };
    });
  });
}

/** What was planned before does not look approved after a run that could not plan. */
export async function endCheckRun(
  forge: ForgeWithChecks,
  head: string,
  wanted: WantedRun,
  runUrl: string | null,
): Promise<Written> {
  return await asWritten(forge, async () => {
    const found = await own(forge, head, wanted);
    if (found === undefined || found.conclusion === "failure") return { result: "none" };
    const { name, externalId, summary, text } = found;
    const title = "superseded: it could not be planned again";
    await forge.checkRuns.update(found.id, {
      name,
      head,
      conclusion: "failure",
      externalId,
      title,
      summary,
      text,
      detailsUrl: runUrl,
    });
    return { result: "updated" };
  });
}

async function own(forge: ForgeWithChecks, head: string, wanted: WantedRun): Promise<CheckRun | undefined> {
  return (await ownRuns(forge.checkRuns, head, wanted)).at(-1);
}

function isSame(found: CheckRun, run: NewCheckRun): boolean {
  return (
    found.conclusion === run.conclusion &&
    found.externalId === run.externalId &&
    sameText(found.text, run.text) &&
    sameText(found.summary, run.summary)
  );
}
