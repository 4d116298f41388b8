import { readFile } from "node:fs/promises";
import { Failure } from "../failure.ts";

/** What GitHub Actions says of the run, and what the action was asked for: all of it from the environment. */
export interface ActionContext {
  readonly mode: ActionMode;
  readonly inputs: ActionInputs;
  /** `null` without a token: then only the summary is written. */
  readonly token: string | null;
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly commit: string | null;
  /** What reviewers look at: the last commit of the pull request, or the head of the merge group. */
  readonly head: string | null;
  /** The branch that was pushed to, which mode apply works on. */
  readonly branch: string | null;
  /** What the branch was before that. */
  readonly before: string | null;
  readonly runUrl: string | null;
  readonly event: string;
  /** The pull request that the run is about: of `pull_request`, or the last one of a `merge_group`. */
  readonly pull: number | null;
  readonly summaryFile: string | null;
  readonly outputFile: string | null;
}

/** What the action can be asked for. */
export const ACTION_MODES = ["plan", "apply", "drift"] as const;

type ActionMode = (typeof ACTION_MODES)[number];

/** The inputs of `.github/actions/capstan`, which hands them over as `CAPSTAN_…`. */
interface ActionInputs {
  /** Folder of the repository with the resources. */
  readonly directory: string;
  /** Only this cluster; it is also the scope of the comment. */
  readonly cluster: string | null;
  /** What a pull request is compared with: what the event says, unless another commit is named. */
  readonly base: string | null;
  /** Where the plan file is written, or read from. */
  readonly planFile: string | null;
  /** The fingerprints that were approved: of the plan, or `CLUSTER=` of one of its clusters. */
  readonly expect: readonly string[];
  /** Refuse what no reviewer saw: the plan must be the one that a check run of the reviewed commit holds. */
  readonly requirePlan: boolean;
  /** Also take the point of no return. */
  readonly approveFinal: boolean;
  /** Whether a blocked plan fails the job. */
  readonly failOn: "error" | "blocked";
  /** Whose comments are ours; GitHub is asked when `null`. */
  readonly commentAuthor: string | null;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Throws a `Failure` (`usage`) for a mode or an input that there is not. */
export async function readActionContext(mode: string, env: Env): Promise<ActionContext> {
  const known = ACTION_MODES.find((candidate) => candidate === mode);
  if (known === undefined) {
    throw new Failure("usage", `there is no mode "${mode}"`, {
      hint: `the modes are ${ACTION_MODES.join(", ")}`,
    });
  }
  const server = said(env, "GITHUB_SERVER_URL");
  const repository = said(env, "GITHUB_REPOSITORY") ?? "";
  const run = said(env, "GITHUB_RUN_ID");
  const payload = await payloadOf(env);
  return {
    mode: known,
    inputs: inputsOf(env, payload),
    token: said(env, "GITHUB_TOKEN"),
    apiUrl: said(env, "GITHUB_API_URL") ?? "https://api.github.com",
    repository,
    commit: said(env, "GITHUB_SHA"),
    head: shaOf(payload.pull_request?.head?.sha ?? payload.merge_group?.head_sha),
    branch: /^refs\/heads\/(.+)$/.exec(said(env, "GITHUB_REF") ?? "")?.[1] ?? null,
    before: /^0+$/.test(String(payload.before)) ? null : shaOf(payload.before),
    runUrl: server === null || run === null ? null : `${server}/${repository}/actions/runs/${run}`,
    event: said(env, "GITHUB_EVENT_NAME") ?? "",
    pull: pullOf(payload),
    summaryFile: said(env, "GITHUB_STEP_SUMMARY"),
    outputFile: said(env, "GITHUB_OUTPUT"),
  };
}

function inputsOf(env: Env, payload: Payload): ActionInputs {
  return {
    directory: said(env, "CAPSTAN_DIRECTORY") ?? ".",
    cluster: said(env, "CAPSTAN_CLUSTER"),
    base: said(env, "CAPSTAN_BASE") ?? baseOf(payload),
    planFile: said(env, "CAPSTAN_PLAN_FILE"),
    expect: said(env, "CAPSTAN_EXPECT")?.split(/[\s,]+/) ?? [],
    requirePlan: truth(env, "CAPSTAN_REQUIRE_PLAN"),
    approveFinal: truth(env, "CAPSTAN_APPROVE_FINAL"),
    failOn: oneOf(env, "CAPSTAN_FAIL_ON", ["error", "blocked"]),
    commentAuthor: said(env, "CAPSTAN_COMMENT_AUTHOR"),
  };
}

/** An input that is not given is an empty variable. */
function said(env: Env, name: string): string | null {
  const value = env[name]?.trim() ?? "";
  return value === "" ? null : value;
}

/** A switch that is misspelt must not count as off: it may be the one that refuses. */
function truth(env: Env, name: string): boolean {
  return oneOf(env, name, ["false", "true"]) === "true";
}

function oneOf<Choice extends string>(
  env: Env,
  name: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = said(env, name) ?? choices[0];
  const known = choices.find((choice) => choice === value);
  if (known !== undefined) return known;
  const input = name
    .replace(/^CAPSTAN_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
  throw new Failure("usage", `the input ${input} is "${value}"`, { hint: `write ${choices.join(" or ")}` });
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
      hint: "GITHUB_EVENT_PATH names a file of GitHub Actions",
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

function baseOf({ pull_request, merge_group }: Payload): string | null {
  return shaOf(pull_request?.base?.sha ?? merge_group?.base_sha);
}

function shaOf(sha: unknown): string | null {
  return typeof sha === "string" && /^[0-9a-f]{40,64}$/.test(sha) ? sha : null;
}
