import { readFile } from "node:fs/promises";
import { Failure } from "../failure.ts";
import { type Env, readInputs, said } from "./action-inputs.ts";
import { commitOf } from "./commit-id.ts";
import type { ForgeName } from "./forge.ts";
import type { JobRun } from "./job-run.ts";

/** A job of GitHub Actions, or of the runners of Gitea and Forgejo, which set the same variables. */
export async function readActionsRun(forge: Exclude<ForgeName, "GitLab">, env: Env): Promise<JobRun> {
  const server = said(env, "GITHUB_SERVER_URL");
  const repository = said(env, "GITHUB_REPOSITORY") ?? "";
  const run = said(env, "GITHUB_RUN_ID");
  const payload = await payloadOf(env);
  return {
    forge,
    inputs: readInputs(env, commitOf(payload.pull_request?.base?.sha ?? payload.merge_group?.base_sha)),
    token: said(env, "GITHUB_TOKEN"),
    apiUrl: said(env, "GITHUB_API_URL") ?? "https://api.github.com",
    repository,
    commit: said(env, "GITHUB_SHA"),
    head: commitOf(payload.pull_request?.head?.sha ?? payload.merge_group?.head_sha),
    branch: /^refs\/heads\/(.+)$/.exec(said(env, "GITHUB_REF") ?? "")?.[1] ?? null,
    before: commitOf(payload.before),
    runUrl: server === null || run === null ? null : `${server}/${repository}/actions/runs/${run}`,
    queued: said(env, "GITHUB_EVENT_NAME") === "merge_group",
    pull: pullOf(payload),
    summaryFile: said(env, "GITHUB_STEP_SUMMARY"),
    outputFile: said(env, "GITHUB_OUTPUT"),
  };
}

interface Payload {
  readonly pull_request?: {
    readonly number?: unknown;
    readonly base?: { readonly sha?: unknown };
    readonly head?: { readonly sha?: unknown };
  };
  readonly merge_group?: {
    readonly head_ref?: unknown;
    readonly head_sha?: unknown;
    readonly base_sha?: unknown;
  };
  readonly before?: unknown;
}

async function payloadOf(env: Env): Promise<Payload> {
  const file = said(env, "GITHUB_EVENT_PATH");
  if (file === null) return {};
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch (cause) {
    throw new Failure("storage", `the event of this run cannot be read from ${file}`, {
      hint: "run it as an action: there GITHUB_EVENT_PATH names a file of the runner",
      cause,
    });
  }
}

/** `refs/heads/gh-readonly-queue/main/pr-42-<commit>`: the last pull request of the group. */
function pullOf({ pull_request, merge_group }: Payload): number | null {
  if (typeof pull_request?.number === "number") return pull_request.number;
  const ref = typeof merge_group?.head_ref === "string" ? merge_group.head_ref : "";
  const queued = /\/pr-(\d+)-[0-9a-f]+$/.exec(ref)?.[1];
  return queued === undefined ? null : Number(queued);
}
