import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz";
export const BOT = "github-actions[bot]";
export const REPOSITORY = "acme/pki";

const LONGEST_BODY = 65_536;

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

/** An answer that is given instead of the real one. */
interface Fault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
  /** The request is carried out all the same. */
  readonly afterSuccess?: boolean;
  /** The connection is cut instead of an answer. */
  readonly cut?: boolean;
}

/** GitHub's API on the loopback, as far as capstan uses it: same paths, shapes, page links and error bodies. */
export class GitHubServer {
  readonly comments: StoredComment[] = [];
  readonly issues: StoredIssue[] = [];
  readonly checkRuns: StoredCheckRun[] = [];
  readonly pulls: StoredPull[] = [];
  /** What GitHub lists for a commit beyond those whose head or merge it is. */
  readonly listedToo = new Map<string, readonly number[]>();
  /** App of the token: who writes check runs, and may change its own alone. */
  app = "github-actions";
  /** `GET /repos/acme/pki/issues/7/comments`, in order. */
  readonly calls: string[] = [];
  /** A token of a fork may read and not write. */
  readOnly = false;
  /** Who GET /user says that we are; `null` as for an installation token, which may not ask. */
  user: string | null = null;
  writer = BOT;
  readonly #faults: { readonly match: RegExp; readonly fault: Fault }[] = [];
  #server: Server | null = null;
  #ids = 1;

  get url(): string {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return `http://127.0.0.1:${address?.port}`;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** The next calls that match fail, one for each fault; the query counts. */
  fail(match: RegExp, ...faults: readonly Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ match, fault })));
  }

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

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", this.url);
    const call = `${request.method} ${url.pathname}`;
    this.calls.push(call);
    const index = this.#faults.findIndex(({ match }) => match.test(`${call}${url.search}`));
    const fault = index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
    const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Body);
    if (fault !== undefined && fault.afterSuccess !== true) return refuse(response, fault);
    const answer = this.#route(request, url, body);
    if (fault !== undefined) return refuse(response, fault);
    if (Array.isArray(answer.json)) return this.#page(response, url, answer.json, (page) => page);
    if (answer.key !== undefined) {
      const key = answer.key;
      const all = (answer.json as Record<string, unknown[]>)[key] ?? [];
      return this.#page(response, url, all, (page) => ({ total_count: all.length, [key]: page }));
    }
    send(response, answer.status, answer.json, {});
  }

  #route(request: IncomingMessage, url: URL, body: Body): Answer {
    if (request.headers.authorization !== `token ${TOKEN}`) return problem(401, "Bad credentials");
    const method = request.method ?? "";
    const path = url.pathname;
    if (path === "/user") {
      return this.user === null
        ? problem(403, "Resource not accessible by integration")
        : { status: 200, json: { login: this.user } };
    }
    if (!path.startsWith(`/repos/${REPOSITORY}/`)) return problem(404, "Not Found");
    if (method !== "GET" && this.readOnly) return problem(403, "Resource not accessible by integration");
    if ((body.body ?? "").length > LONGEST_BODY) return tooLong();
    const rest = path.slice(`/repos/${REPOSITORY}`.length);
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
    return { status: 200, json: { check_runs: found }, key: "check_runs" };
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

  #page(
    response: ServerResponse,
    url: URL,
    all: readonly unknown[],
    shape: (page: readonly unknown[]) => unknown,
  ): void {
    const size = Number(url.searchParams.get("per_page") ?? 30);
    const page = Number(url.searchParams.get("page") ?? 1);
    const last = Math.max(1, Math.ceil(all.length / size));
    const to = (number: number, rel: string) => {
      const target = new URL(url);
      target.searchParams.set("page", String(number));
      return `<${target.href}>; rel="${rel}"`;
    };
    const headers: Record<string, string> = {};
    if (page < last) headers["link"] = [to(page + 1, "next"), to(last, "last")].join(", ");
    send(response, 200, shape(all.slice((page - 1) * size, page * size)), headers);
  }
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
  /** Under which a page of a list stands; without it the answer is the list itself. */
  readonly key?: string;
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

function refuse(response: ServerResponse, { status, headers = {}, message = "fault", cut }: Fault): void {
  if (cut === true) {
    response.destroy();
    return;
  }
  send(response, status, problem(status, message).json, headers);
}

function send(
  response: ServerResponse,
  status: number,
  json: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(json));
}
