import { type Answer, type Call, LoopbackForge, paged } from "./loopback-forge.ts";

export const GITEA_TOKEN = "0123456789abcdef0123456789abcdef01234567";
export const GITEA_REPOSITORY = "acme/pki";

/** `DEFAULT_PAGING_NUM` and `MAX_RESPONSE_ITEMS` of Gitea's configuration. */
const PAGES = { parameter: "limit", size: 30, most: 50 };

interface StoredComment {
  readonly id: number;
  readonly index: number;
  readonly login: string;
  body: string;
}

interface StoredIssue {
  readonly number: number;
  readonly login: string;
  readonly labels: readonly number[];
  title: string;
  body: string;
  state: "open" | "closed";
}

interface StoredPull {
  readonly number: number;
  readonly merged: boolean;
  readonly merge_commit_sha: string | null;
  readonly base: { readonly ref: string };
  readonly head: { readonly sha: string };
}

/**
 * The API of Gitea and Forgejo on the loopback, as far as capstan uses it, after their swagger documents and
 * routers/api/v1: comments without pages, issues in pages, labels by number, errors with `message` and `url`.
 */
export class GiteaServer extends LoopbackForge {
  readonly comments: StoredComment[] = [];
  readonly issues: StoredIssue[] = [];
  readonly labels: { readonly id: number; readonly name: string }[] = [];
  readonly pulls: StoredPull[] = [];
  /** Who the token is of. */
  writer = "gitea-actions";
  /** What a token may: the scopes of a person's, or `null` for a job's own, which may not ask who it is. */
  scopes: readonly string[] | null = null;
  /** As on a pull request of a fork. */
  readOnly = false;
  /** How it calls itself in its links; behind a proxy not as it is reached. */
  rootUrl: string | null = null;
  #ids = 1;

  override get url(): string {
    return `${this.origin}/api/v1`;
  }

  comment(index: number, body: string, login: string = this.writer): StoredComment {
    const stored = { id: this.#ids++, index, login, body };
    this.comments.push(stored);
    return stored;
  }

  issue(issue: Partial<StoredIssue>): StoredIssue {
    const labels = this.labels.map(({ id }) => id);
    const stored: StoredIssue = {
      number: this.#ids++,
      login: this.writer,
      labels,
      title: "",
      body: "",
      state: "open",
      ...issue,
    };
    this.issues.push(stored);
    return stored;
  }

  protected override problem(status: number, message: string): Answer {
    return { status, json: { message, url: `${this.origin}/api/swagger` } };
  }

  protected override answer(call: Call): Answer {
    const { method, path, headers } = call;
    if (headers.authorization !== `token ${GITEA_TOKEN}`)
      return this.problem(401, "invalid username, password or token");
    if (path === "/user") return this.#user();
    if (!path.startsWith(`/repos/${GITEA_REPOSITORY}/`))
      return this.problem(404, "The target couldn't be found.");
    if (method !== "GET" && this.readOnly) return this.problem(403, "user should have a permission to write");
    const answer = this.#route(call, path.slice(`/repos/${GITEA_REPOSITORY}`.length));
    const link = answer.headers?.["link"];
    if (link === undefined || this.rootUrl === null) return answer;
    return { ...answer, headers: { link: link.replaceAll(this.origin, this.rootUrl) } };
  }

  #user(): Answer {
    if (this.scopes === null) return this.problem(403, "user should be signed in");
    if (!this.scopes.includes("read:user")) {
      return this.problem(403, "token does not have at least one of required scope(s): [read:user]");
    }
    return { status: 200, json: { id: 1, login: this.writer } };
  }

  #route({ method, url, body }: Call, rest: string): Answer {
    const text = (name: string) => (typeof body[name] === "string" ? { [name]: body[name] } : {});
    const comments = /^\/issues\/(\d+)\/comments$/.exec(rest);
    if (comments !== null) {
      const index = Number(comments[1]);
      if (method === "POST")
        return { status: 201, json: shownComment(this.comment(index, String(body["body"]))) };
      // All of them, whatever page is asked for.
      return { status: 200, json: this.comments.filter((one) => one.index === index).map(shownComment) };
    }
    const comment = /^\/issues\/comments\/(\d+)$/.exec(rest);
    if (comment !== null && method === "PATCH") {
      const found = this.comments.find(({ id }) => id === Number(comment[1]));
      if (found === undefined) return this.problem(404, "comment does not exist");
      Object.assign(found, text("body"));
      return { status: 200, json: shownComment(found) };
    }
    if (rest === "/labels" && method === "GET") return paged(url, this.labels, PAGES);
    if (rest === "/labels") {
      const label = { id: this.#ids++, name: String(body["name"]) };
      this.labels.push(label);
      return { status: 201, json: label };
    }
    if (rest === "/issues" && method === "GET") return this.#issues(url);
    if (rest === "/issues") {
      const { labels } = body;
      if (!Array.isArray(labels) || !labels.every((id) => this.labels.some((label) => label.id === id)))
        return this.problem(422, "json: cannot unmarshal string into Go struct field .labels of type int64");
      return { status: 201, json: shownIssue(this.issue({ ...text("title"), ...text("body"), labels })) };
    }
    const issue = /^\/issues\/(\d+)$/.exec(rest);
    if (issue !== null && method === "PATCH") {
      const found = this.issues.find(({ number }) => number === Number(issue[1]));
      if (found === undefined) return this.problem(404, "issue does not exist");
      Object.assign(found, text("title"), text("body"), text("state"));
      return { status: 201, json: shownIssue(found) };
    }
    const commit = /^\/commits\/([0-9a-f]+)\/pull$/.exec(rest)?.[1];
    const number = /^\/pulls\/(\d+)$/.exec(rest)?.[1];
    const pull = this.pulls.find((one) =>
      commit === undefined ? one.number === Number(number) : one.merge_commit_sha === commit,
    );
    return pull === undefined
      ? this.problem(404, "pull request does not exist")
      : { status: 200, json: pull };
  }

  #issues(url: URL): Answer {
    const { searchParams: wanted } = url;
    const label = this.labels.find(({ name }) => name === wanted.get("labels"));
    const found = this.issues.filter(
      ({ labels, login, state }) =>
        (label === undefined || labels.includes(label.id)) &&
        login === wanted.get("created_by") &&
        [state, "all"].includes(wanted.get("state") ?? "open"),
    );
    return paged(url, found.toReversed().map(shownIssue), PAGES);
  }
}

function shownComment({ id, body, login }: StoredComment) {
  return { id, body, user: { login } };
}

function shownIssue({ login, ...issue }: StoredIssue) {
  return { ...issue, user: { login } };
}
