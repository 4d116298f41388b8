import type { CheckRun, Comment, Issue, NewCheckRun, Pull } from "./forge.ts";
import type { ReplyFields } from "./reply-client.ts";

/** A comment, as GitHub lists it; whoever wrote it may be gone. */
export function asComment(comment: ReplyFields): Comment {
  return { id: comment.number("id"), login: comment.text("user", "login"), body: comment.text("body") };
}

/** A check run that is over, as GitHub takes it. */
export function completed({ name, conclusion, externalId, title, summary, text, detailsUrl }: NewCheckRun) {
  return {
    name,
    status: "completed" as const,
    conclusion,
    external_id: externalId,
    output: { title, summary, text },
    ...(detailsUrl === null ? {} : { details_url: detailsUrl }),
  };
}

/** A pull request, as GitHub lists it. */
export function asPull(pull: ReplyFields): Pull {
  return {
    number: pull.number("number"),
    merged: pull.text("merged_at") !== "",
    base: pull.name("base", "ref"),
    head: pull.name("head", "sha"),
    mergeCommit: pull.text("merge_commit_sha") || null,
  };
}

/** A check run, as GitHub lists it. */
export function asCheckRun(run: ReplyFields): CheckRun {
  return {
    id: run.number("id"),
    name: run.name("name"),
    head: run.name("head_sha"),
    app: run.text("app", "slug"),
    conclusion: run.is("completed", "status") ? run.text("conclusion") || null : null,
    externalId: run.text("external_id"),
    title: run.text("output", "title"),
    summary: run.text("output", "summary"),
    text: run.text("output", "text"),
  };
}

/** An issue, as GitHub lists it. */
export function asIssue(issue: ReplyFields): Issue {
  return {
    number: issue.number("number"),
    state: issue.is("closed", "state") ? "closed" : "open",
    reason: issue.text("state_reason") || null,
    title: issue.text("title"),
    body: issue.text("body"),
  };
}
