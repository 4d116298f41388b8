import { type Answer, type Call, LoopbackForge, paged } from "./loopback-forge.ts";

export const TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz";
export const BOT = "github-actions[bot]";
export const REPOSITORY = "acme/pki";

const LONGEST_BODY = 65_536;

const PAGES = { parameter: "per_page", size: 30, most: 100 };

interface StoredComment {
  readonly id: number;
  readonly pull: number;
  readonly login: string;
  body: string;
}

interface StoredIssue {
  readonly number: number;
  readonly login: string;
  readonly labels: readonly string[];
  title: string;
  body: string;
  state: string;
  state_reason: string | null;
  readonly pull_request?: object;
}

/** A pull request, as far as GitHub's API says where it was merged. */
export interface StoredPull {
  readonly number: number;
  readonly state: "open" | "closed";
  readonly merged_at: string | null;
  readonly merge_commit_sha: string | null;
  readonly base: { readonly ref: string };
  readonly head: { readonly sha: string };
}

export interface StoredCheckRun {
  readonly id: number;
  readonly app: { readonly slug: string };
  readonly head_sha: string;
  name: string;
  status: string;
  conclusion: string | null;
  external_id: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
}

/** GitHub's API on the loopback, as far as capstan uses it: same paths, shapes, page links and error bodies. */
export class GitHubServer extends LoopbackForge {
  readonly comments: StoredComment[] = [];
  readonly issues: StoredIssue[] = [];
  readonly checkRuns: StoredCheckRun[] = [];
  readonly pulls: StoredPull[] = [];
  /** What GitHub lists for a commit beyond those whose head or merge it is. */
  readonly listedToo = new Map<string, readonly number[]>();
  /** App of the token: who writes check runs, and may change its own alone. */
  app = "github-actions";
  /** A token of a fork may read and not write. */
  readOnly = false;
  /** Who GET /user says that we are; `null` as for an installation token, which may not ask. */
  user: string | null = null;
  writer = BOT;
  #ids = 1;

  comment(pull: number, body: string, login: string = BOT): StoredComment {
    const comment = { id: this.#ids++, pull, login, body };
    this.comments.push(comment);
    return comment;
  }

  issue(issue: Partial<StoredIssue>): StoredIssue {
    const stored = {
      number: this.#ids++,
      login: BOT,
      labels: ["capstan-drift"],
      title: "",
      body: "",
      state: "open",
      state_reason: null,
      ...issue,
    };
    this.issues.push(stored);
    return stored;
  }

  pull(pull: Partial<StoredPull> & { readonly number: number }): StoredPull {
    const stored: StoredPull = {
      state: "open",
      merged_at: null,
      merge_commit_sha: null,
      base: { ref: "main" },
      head: { sha: "0".repeat(40) },
      ...pull,
    };
    const at = this.pulls.findIndex(({ number }) => number === stored.number);
    if (at >= 0) this.pulls[at] = stored;
    else this.pulls.push(stored);
    return stored;
  }

  checkRun(run: Partial<StoredCheckRun> & { readonly head_sha: string }): StoredCheckRun {
    const stored: StoredCheckRun = {
      id: this.#ids++,
      app: { slug: this.app },
      name: "capstan plan",
      status: "completed",
      conclusion: "success",
      external_id: null,
      output: { title: null, summary: null, text: null },
      ...run,
    };
    this.checkRuns.push(stored);
    return stored;
  }

  protected override problem(status: number, message: string): Answer {
    return problem(status, message);
  }

  protected override answer({ method, path, url, headers, body }: Call): Answer {
    if (headers.authorization !== `token ${TOKEN}`) return problem(401, "Bad credentials");
    if (path === "/user") {
      return this.user === null
        ? problem(403, "Resource not accessible by integration")
        : { status: 200, json: { login: this.user } };
    }
    if (!path.startsWith(`/repos/${REPOSITORY}/`)) return problem(404, "Not Found");
    if (method !== "GET" && this.readOnly) return problem(403, "Resource not accessible by integration");
    const answer = this.#route(method, path.slice(`/repos/${REPOSITORY}`.length), url, body as Body);
    return Array.isArray(answer.json) ? paged(url, answer.json, PAGES) : answer;
  }

  #route(method: string, rest: string, url: URL, body: Body): Answer {
    if ((body.body ?? "").length > LONGEST_BODY) return tooLong();
    const comments = /^\/issues\/(\d+)\/comments$/.exec(rest);
    if (comments !== null) return this.#commentsOf(method, Number(comments[1]), body);
    const comment = /^\/issues\/comments\/(\d+)$/.exec(rest);
    if (comment !== null) return this.#patchComment(Number(comment[1]), body);
    const pulls = /^\/commits\/([0-9a-f]+)\/pulls$/.exec(rest);
    if (pulls !== null) return { status: 200, json: this.#pullsOf(pulls[1] ?? "") };
    const pull = /^\/pulls\/(\d+)$/.exec(rest);
    if (pull !== null) {
      const found = this.pulls.find(({ number }) => number === Number(pull[1]));
      return found === undefined ? problem(404, "Not Found") : { status: 200, json: found };
    }
    const runs = /^\/commits\/([0-9a-f]+)\/check-runs$/.exec(rest);
    if (runs !== null) return this.#checkRunsOf(runs[1] ?? "", url);
    if (rest === "/check-runs" && method === "POST") {
      const { head_sha = "", ...fields } = body;
      return { status: 201, json: this.checkRun({ head_sha, ...(fields as object) }) };
    }
    const run = /^\/check-runs\/(\d+)$/.exec(rest);
    if (run !== null) return this.#patchCheckRun(Number(run[1]), body);
    if (rest === "/issues") return this.#issues(method, url, body);
    const issue = /^\/issues\/(\d+)$/.exec(rest);
    if (issue !== null) return this.#patchIssue(Number(issue[1]), body);
    return problem(404, "Not Found");
  }

  #pullsOf(commit: string): readonly StoredPull[] {
    const too = this.listedToo.get(commit) ?? [];
    const listed = this.pulls.filter(
      ({ number, merge_commit_sha, head }) =>
        merge_commit_sha === commit || head.sha === commit || too.includes(number),
    );
    // Newest first, whatever became of them.
    return listed.toSorted((left, right) => right.number - left.number);
  }

  #checkRunsOf(commit: string, url: URL): Answer {
    const name = url.searchParams.get("check_name");
    const found = this.checkRuns.filter(
      (run) => run.head_sha === commit && (name === null || run.name === name),
    );
    return paged(url, found, PAGES, (page) => ({ total_count: found.length, check_runs: page }));
  }

  #patchCheckRun(id: number, body: Body): Answer {
    const found = this.checkRuns.find((run) => run.id === id);
    if (found === undefined) return problem(404, "Not Found");
    if (found.app.slug !== this.app)
      return problem(
        403,
        "Invalid app_id `1` - check run can only be modified by the GitHub App that created it.",
      );
    Object.assign(found, body);
    return { status: 200, json: found };
  }

  #commentsOf(method: string, pull: number, body: Body) {
    if (method === "POST") {
      return { status: 201, json: shown(this.comment(pull, body.body ?? "", this.writer)) };
    }
    return { status: 200, json: this.comments.filter((one) => one.pull === pull).map(shown) };
  }

  #patchComment(id: number, body: Body) {
    const found = this.comments.find((comment) => comment.id === id);
    if (found === undefined) return problem(404, "Not Found");
    found.body = body.body ?? "";
    return { status: 200, json: shown(found) };
  }

  #issues(method: string, url: URL, body: Body) {
    if (method === "POST") {
      const { title = "", labels = [] } = body;
      return { status: 201, json: this.issue({ title, labels, body: body.body ?? "", login: this.writer }) };
    }
    const wanted = (name: string) => url.searchParams.get(name);
    const found = this.issues.filter(
      ({ labels, login, state }) =>
        labels.includes(wanted("labels") ?? "") &&
        login === wanted("creator") &&
        (wanted("state") === "all" || wanted("state") === state),
    );
    return { status: 200, json: found.toReversed() };
  }

  #patchIssue(number: number, body: Body) {
    const found = this.issues.find((issue) => issue.number === number);
    if (found === undefined) return problem(404, "Not Found");
    Object.assign(found, body);
    if (body.state === "open") found.state_reason = "reopened";
    return { status: 200, json: found };
  }
}

interface Body {
  readonly head_sha?: string;
  readonly body?: string;
  readonly title?: string;
  readonly labels?: readonly string[];
  readonly state?: string;
}

function shown({ id, login, body }: StoredComment) {
  return { id, body, user: { login, type: login.endsWith("[bot]") ? "Bot" : "User" } };
}

function problem(status: number, message: string) {
  const documentation_url = "https://docs.github.com/rest";
  return { status, json: { message, documentation_url, status: String(status) } };
}

function tooLong() {
  const message = `body is too long (maximum is ${LONGEST_BODY} characters)`;
  return {
    status: 422,
    json: {
      message: "Validation Failed",
      errors: [{ resource: "IssueComment", code: "custom", field: "body", message }],
      documentation_url: "https://docs.github.com/rest/issues/comments#create-an-issue-comment",
      status: "422",
    },
  };
}
