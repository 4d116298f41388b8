import type { CheckRun, Comment, Issue, NewCheckRun, Pull } from "./forge.ts";

/** A comment, as GitHub lists it. */
export function asComment(data: {
  readonly id: number | bigint;
  readonly user?: { readonly login: string } | null;
  readonly body?: string | null | undefined;
}): Comment {
  return { id: data.id, login: data.user?.login ?? "", body: data.body ?? "" };
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
export function asPull(data: {
  readonly number: number;
  readonly merged_at?: string | null;
  readonly merge_commit_sha?: string | null;
  readonly base: { readonly ref: string };
  readonly head: { readonly sha: string };
}): Pull {
  return {
    number: data.number,
    merged: typeof data.merged_at === "string",
    base: data.base.ref,
    head: data.head.sha,
    mergeCommit: data.merge_commit_sha ?? null,
  };
}

/** A check run, as GitHub lists it. */
export function asCheckRun(data: {
  readonly id: number | bigint;
  readonly name: string;
  readonly head_sha: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly external_id: string | null;
  readonly app: { readonly slug?: string } | null;
  readonly output: {
    readonly title: string | null;
    readonly summary: string | null;
    readonly text: string | null;
  };
}): CheckRun {
  return {
    id: data.id,
    name: data.name,
    head: data.head_sha,
    app: data.app?.slug ?? "",
    conclusion: data.status === "completed" ? data.conclusion : null,
    externalId: data.external_id ?? "",
    title: data.output.title ?? "",
    summary: data.output.summary ?? "",
    text: data.output.text ?? "",
  };
}

/** An issue, as GitHub lists it. */
export function asIssue(data: {
  readonly number: number;
  readonly state: string;
  readonly state_reason?: string | null | undefined;
  readonly title: string;
  readonly body?: string | null | undefined;
}): Issue {
  return {
    number: data.number,
    state: data.state === "closed" ? "closed" : "open",
    reason: data.state_reason ?? null,
    title: data.title,
    body: data.body ?? "",
  };
}
