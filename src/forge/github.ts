import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { Failure } from "../failure.ts";
import { valueWithoutSecrets } from "../secrets.ts";
import { canBeTriedAgain, pauseBefore } from "./patience.ts";

/** What capstan needs of one repository on GitHub, and nothing else. */
export interface GitHub {
  /** Comments of a pull request, oldest first. */
  comments(pull: number): Promise<readonly Comment[]>;
  createComment(pull: number, body: string): Promise<Comment>;
  updateComment(id: Comment["id"], body: string): Promise<void>;
  /** Issues with a label that `login` opened, newest first. */
  issues(label: string, login: string): Promise<readonly Issue[]>;
  createIssue(issue: {
    readonly title: string;
    readonly body: string;
    readonly label: string;
  }): Promise<Issue>;
  updateIssue(number: number, change: IssueChange): Promise<void>;
  /** Pull requests that GitHub lists for a commit, in whatever state, into whatever branch. */
  pullsOf(commit: string): Promise<readonly Pull[]>;
  pull(number: number): Promise<Pull>;
  /** All check runs of a name on a commit, by whatever app. */
  checkRuns(commit: string, name: string): Promise<readonly CheckRun[]>;
  createCheckRun(run: NewCheckRun): Promise<CheckRun>;
  updateCheckRun(id: CheckRun["id"], run: NewCheckRun): Promise<CheckRun>;
  /** Whose comments are ours. */
  login(): Promise<string>;
}

export interface Comment {
  readonly id: number | bigint;
  readonly login: string;
  readonly body: string;
}

/** A pull request, as far as it says what was merged where. */
export interface Pull {
  readonly number: number;
  readonly merged: boolean;
  /** Branch that it was made for. */
  readonly base: string;
  /** Its last commit, which was reviewed. */
  readonly head: string;
  /** What it is on the branch, once it was merged: by squash, rebase or merge. */
  readonly mergeCommit: string | null;
}

export interface CheckRun {
  readonly id: number | bigint;
  readonly name: string;
  readonly head: string;
  /** Slug of the app that made it; nobody else can change it. */
  readonly app: string;
  /** `null` while it is not completed. */
  readonly conclusion: string | null;
  readonly externalId: string;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

/** A check run that is over when it is written. */
export interface NewCheckRun {
  readonly name: string;
  readonly head: string;
  readonly conclusion: "success" | "neutral" | "failure";
  readonly externalId: string;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly detailsUrl: string | null;
}

export interface Issue {
  readonly number: number;
  readonly state: "open" | "closed";
  /** Why it was closed: `not_planned` is the word of a person. */
  readonly reason: string | null;
  readonly title: string;
  readonly body: string;
}

interface IssueChange {
  readonly title?: string;
  readonly body?: string;
  readonly state?: "open" | "closed";
}

export interface GitHubAccess {
  readonly token: string;
  /** `https://api.github.com`, or that of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly repository: string;
  /** Whose comments are ours; asked of GitHub when `null`. */
  readonly author: string | null;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly notice: (message: string) => void;
}

/** What GitHub Actions' own token is called; it may not ask who it is. */
const ACTIONS_LOGIN = "github-actions[bot]";

const TIMEOUT_MS = 30_000;

const PAGE = 100;

export function openGitHub(access: GitHubAccess): GitHub {
  const [owner = "", repo = ""] = access.repository.split("/");
  const octokit = patient(access);
  const where = { owner, repo };
  let login: Promise<string> | null = null;
  return {
    async comments(pull) {
      const found = await octokit.paginate("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", {
        ...where,
        issue_number: pull,
        per_page: PAGE,
      });
      return found.map(asComment);
    },
    async createComment(pull, body) {
      const { data } = await octokit.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
        ...where,
        issue_number: pull,
        body,
      });
      return asComment(data);
    },
    async updateComment(id, body) {
      await octokit.request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
        ...where,
        comment_id: id,
        body,
      });
    },
    async issues(label, creator) {
      const found = await octokit.paginate("GET /repos/{owner}/{repo}/issues", {
        ...where,
        labels: label,
        creator,
        state: "all",
        per_page: PAGE,
      });
      // GitHub lists pull requests as issues.
      return found.filter(({ pull_request }) => pull_request === undefined).map(asIssue);
    },
    async createIssue({ title, body, label }) {
      const { data } = await octokit.request("POST /repos/{owner}/{repo}/issues", {
        ...where,
        title,
        body,
        labels: [label],
      });
      return asIssue(data);
    },
    async updateIssue(number, change) {
      await octokit.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
        ...where,
        issue_number: number,
        ...change,
        ...(change.state === "closed" ? { state_reason: "completed" as const } : {}),
      });
    },
    async pullsOf(commit) {
      const found = await octokit.paginate("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", {
        ...where,
        commit_sha: commit,
        per_page: PAGE,
      });
      return found.map(asPull);
    },
    async pull(number) {
      const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
        ...where,
        pull_number: number,
      });
      return asPull(data);
    },
    async checkRuns(commit, name) {
      const found = await octokit.paginate("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
        ...where,
        ref: commit,
        check_name: name,
        // Also those that a later run of the same workflow seems to have replaced.
        filter: "all",
        per_page: PAGE,
      });
      return found.map(asCheckRun);
    },
    async createCheckRun(run) {
      const { data } = await octokit.request("POST /repos/{owner}/{repo}/check-runs", {
        ...where,
        head_sha: run.head,
        ...completed(run),
      });
      return asCheckRun(data);
    },
    async updateCheckRun(id, run) {
      const { data } = await octokit.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
        ...where,
        check_run_id: Number(id),
        ...completed(run),
      });
      return asCheckRun(data);
    },
    login() {
      login ??= access.author === null ? loginOf(octokit) : Promise.resolve(access.author);
      return login;
    },
  };
}

type Client = ReturnType<typeof patient>;

async function loginOf(octokit: Client): Promise<string> {
  try {
    const { data } = await octokit.request("GET /user");
    return data.login;
  } catch (error) {
    if (isRefusal(error)) return ACTIONS_LOGIN;
    throw error;
  }
}

/** A client that waits where GitHub asks for it, and tries again what may be tried again. */
function patient({ token, apiUrl, now, sleep, notice }: GitHubAccess) {
  const WithPages = Octokit.plugin(paginateRest);
  const octokit = new WithPages({
    auth: token,
    baseUrl: apiUrl.replace(/\/+$/, ""),
    userAgent: "capstan",
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  octokit.hook.wrap("request", async (request, options) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        // A signal is over after its time, so every attempt gets its own.
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        return await request({ ...discreet(options), request: { ...options.request, signal } });
      } catch (error) {
        const pause = pauseBefore(attempt, error, now());
        if (pause === null || !canBeTriedAgain(options.method, error)) throw error;
        notice(
          `GitHub answers ${statusOf(error) ?? "nothing"}; trying again in ${Math.ceil(pause / 1000)} s`,
        );
        await sleep(pause);
      }
    }
  });
  return octokit;
}

/** What people will read on GitHub, without what is a secret. */
const TEXTS = ["body", "title", "output"] as const;

function discreet<Options extends object>(options: Options): Options {
  const texts = TEXTS.flatMap((name) =>
    name in options ? [[name, valueWithoutSecrets(Reflect.get(options, name))] as const] : [],
  );
  return { ...options, ...Object.fromEntries(texts) };
}

/** HTTP status of an answer; `null` when there was none. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return null;
  return "response" in error && error.response !== undefined ? error.status : null;
}

/** The token may not do that: a fork, or a permission that the workflow does not give. */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status === 401 || status === 403 || status === 404;
}

export function isTooLong(error: unknown): boolean {
  return statusOf(error) === 422 && /too long|too large|maximum/i.test(String(error));
}

/** For the steps that cannot go on without GitHub. */
export function githubFailure(what: string, cause: unknown): Failure {
  const status = statusOf(cause);
  const said = cause instanceof Error ? cause.message : String(cause);
  return new Failure(
    isRefusal(cause) ? "denied" : "storage",
    `cannot ${what}: GitHub ${status === null ? "cannot be reached" : `answered ${status}`} (${said})`,
    {
      hint: isRefusal(cause)
        ? "give the workflow the permissions that the action's description names"
        : "run it again when GitHub is well (githubstatus.com)",
      cause,
    },
  );
}

function asComment(data: {
  readonly id: number | bigint;
  readonly user?: { readonly login: string } | null;
  readonly body?: string | null | undefined;
}): Comment {
  return { id: data.id, login: data.user?.login ?? "", body: data.body ?? "" };
}

function completed({ name, conclusion, externalId, title, summary, text, detailsUrl }: NewCheckRun) {
  return {
    name,
    status: "completed" as const,
    conclusion,
    external_id: externalId,
    output: { title, summary, text },
    ...(detailsUrl === null ? {} : { details_url: detailsUrl }),
  };
}

function asPull(data: {
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

function asCheckRun(data: {
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

function asIssue(data: {
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
