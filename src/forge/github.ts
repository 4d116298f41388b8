import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { Failure } from "../failure.ts";
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
  /** Pull requests that brought a commit. */
  pullsOf(commit: string): Promise<readonly number[]>;
  /** Whose comments are ours. */
  login(): Promise<string>;
}

export interface Comment {
  readonly id: number | bigint;
  readonly login: string;
  readonly body: string;
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
      return found.map(({ number }) => number);
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
        return await request({ ...options, request: { ...options.request, signal } });
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
