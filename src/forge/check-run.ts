import { type Approval, approvalText, checkName, ownRuns, type Wanted } from "./approval.ts";
import type { CheckRun, GitHub, NewCheckRun } from "./github.ts";
import { asWritten, createOnce, type Render, sameText, type Written, writeFitting } from "./sticky.ts";

/** The plan of a commit, for those who review it, and what of it is approved when the commit is merged. */
export interface PlanCheck {
  /** The commit that reviewers look at. */
  readonly head: string;
  /** Slug of the app whose check run counts. */
  readonly app: string;
  readonly approval: Approval;
  readonly conclusion: NewCheckRun["conclusion"];
  readonly runUrl: string | null;
  readonly render: Render;
}

/** Keeps one check run per commit and scope: a plan that is made again takes the place of the one before. */
export async function keepCheckRun(github: GitHub, check: PlanCheck): Promise<Written> {
  const { head, app, approval, conclusion, runUrl, render } = check;
  const wanted = { scope: approval.scope, app };
  return await asWritten(async () => {
    const found = await own(github, head, wanted);
    return await writeFitting("", render, async (summary): Promise<Written> => {
      const run: NewCheckRun = {
        name: checkName(approval.scope),
        head,
        conclusion,
        externalId: approval.plan,
        title: `plan ${approval.plan.slice(0, 19)}…`,
        summary,
        text: approvalText(approval),
        detailsUrl: runUrl,
      };
      if (found !== undefined && isSame(found, run)) return { result: "unchanged" };
      const written =
        found === undefined
          ? await createOnce(
              () => own(github, head, wanted),
              () => github.createCheckRun(run),
            )
          : await github.updateCheckRun(found.id, run);
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
  github: GitHub,
  head: string,
  wanted: Wanted,
  runUrl: string | null,
): Promise<Written> {
  return await asWritten(async () => {
    const found = await own(github, head, wanted);
    if (found === undefined || found.conclusion === "failure") return { result: "none" };
    const { name, externalId, summary, text } = found;
    const title = "superseded: it could not be planned again";
    await github.updateCheckRun(found.id, {
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

async function own(github: GitHub, head: string, wanted: Wanted): Promise<CheckRun | undefined> {
  return (await ownRuns(github, head, wanted)).at(-1);
}

function isSame(found: CheckRun, run: NewCheckRun): boolean {
  return (
    found.conclusion === run.conclusion &&
    found.externalId === run.externalId &&
    sameText(found.text, run.text) &&
    sameText(found.summary, run.summary)
  );
}
