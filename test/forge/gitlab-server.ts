import { type Answer, type Call, LoopbackForge, paged } from "./loopback-forge.ts";

export const PROJECT = "4711";
export const PROJECT_TOKEN = "glpat-0123456789abcdefghij";
export const JOB_TOKEN = "glcbt-64_0123456789abcdefghij";
/** A project access token is a member of its own. */
export const PROJECT_BOT = "project_4711_bot_0f5e";

/** `PAGE` of GitLab: 20 by itself, 100 at most. */
const PAGES = { parameter: "per_page", size: 20, most: 100 };
const LONGEST_NOTE = 1_000_000;

interface StoredNote {
  readonly id: number;
  readonly iid: number;
  readonly username: string;
  readonly system: boolean;
  body: string;
}

interface StoredIssue {
  readonly iid: number;
  readonly username: string;
  readonly labels: readonly string[];
  title: string;
  description: string;
  state: "opened" | "closed";
}

/** A merge request, as far as GitLab's API says where it was merged. */
interface StoredChange {
  readonly iid: number;
  readonly state: "opened" | "merged" | "closed";
  readonly target_branch: string;
  readonly sha: string;
  readonly merge_commit_sha: string | null;
  readonly squash_commit_sha: string | null;
}

/**
 * GitLab's API on the loopback, as far as capstan uses it, after https://docs.gitlab.com/api/ and its source: tokens
 * (lib/api/api_guard.rb), notes (lib/api/notes.rb), quick actions (lib/gitlab/quick_actions/extractor.rb).
 */
export class GitLabServer extends LoopbackForge {
  readonly notes: StoredNote[] = [];
  readonly issues: StoredIssue[] = [];
  readonly changes: StoredChange[] = [];
  /** Quick actions that a text had GitLab carry out. */
  readonly carriedOut: string[] = [];
  /** As a token of scope `read_api`. */
  readOnly = false;
  #ids = 1;

  override get url(): string {
    return `${this.origin}/api/v4`;
  }

  note(iid: number, body: string, username: string = PROJECT_BOT, system = false): StoredNote {
    const stored = { id: this.#ids++, iid, username, system, body };
    this.notes.push(stored);
    return stored;
  }

  issue(issue: Partial<StoredIssue>): StoredIssue {
    const stored: StoredIssue = {
      iid: this.#ids++,
      username: PROJECT_BOT,
      labels: ["capstan-drift"],
      title: "",
      description: "",
      state: "opened",
      ...issue,
    };
    this.issues.push(stored);
    return stored;
  }

  change(change: Partial<StoredChange> & { readonly iid: number }): void {
    this.changes.push({
      state: "merged",
      target_branch: "main",
      sha: "0".repeat(40),
      merge_commit_sha: null,
      squash_commit_sha: null,
      ...change,
    });
  }

  protected override problem(status: number, message: string): Answer {
    return { status, json: { message: `${status} ${message}` } };
  }

  protected override answer(call: Call): Answer {
    const { method, path, headers } = call;
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? headers["private-token"];
    const job = headers["job-token"] === JOB_TOKEN;
    if (token !== PROJECT_TOKEN && !job) return this.problem(401, "Unauthorized");
    const readsNotes = method === "GET" && path.startsWith(`/projects/${PROJECT}/merge_requests/`);
    if (job && !readsNotes) return this.problem(401, "Unauthorized");
    if (path === "/user") return { status: 200, json: { username: PROJECT_BOT } };
    if (!path.startsWith(`/projects/${PROJECT}/`)) return this.problem(404, "Project Not Found");
    if (method !== "GET" && this.readOnly) {
      const error_description = "The request requires higher privileges than provided by the access token.";
      return { status: 403, json: { error: "insufficient_scope", error_description, scope: "api" } };
    }
    return this.#route(call, path.slice(`/projects/${PROJECT}`.length));
  }

  #route(call: Call, rest: string): Answer {
    const notes = /^\/merge_requests\/(\d+)\/notes(?:\/(\d+))?$/.exec(rest);
    if (notes !== null) return this.#notes(call, Number(notes[1]), notes[2]);
    const ofCommit = /^\/repository\/commits\/([0-9a-f]+)\/merge_requests$/.exec(rest);
    if (ofCommit !== null) {
      const commit = ofCommit[1] ?? "";
      const found = this.changes.filter(({ sha, merge_commit_sha, squash_commit_sha }) =>
        [sha, merge_commit_sha, squash_commit_sha].includes(commit),
      );
      return paged(call.url, found, PAGES);
    }
    const change = /^\/merge_requests\/(\d+)$/.exec(rest);
    if (change !== null) {
      const found = this.changes.find(({ iid }) => iid === Number(change[1]));
      return found === undefined ? this.problem(404, "Not found") : { status: 200, json: found };
    }
    const issues = /^\/issues(?:\/(\d+))?$/.exec(rest);
    if (issues !== null) return this.#issues(call, issues[1]);
    return this.problem(404, "Not Found");
  }

  #notes({ method, url, body }: Call, iid: number, id: string | undefined): Answer {
    if (method === "GET") {
      const of = this.notes.filter((note) => note.iid === iid);
      const sorted = url.searchParams.get("sort") === "asc" ? of : of.toReversed();
      return paged(url, sorted.map(shownNote), PAGES);
    }
    const text = String(body["body"] ?? "");
    if (text.length > LONGEST_NOTE) {
      const said = `Note {:note=>["is too long (maximum is ${LONGEST_NOTE} characters)"]}`;
      return { status: 400, json: { message: `400 Bad request - ${said}` } };
    }
    const kept = this.#carryOut(text);
    if (method === "POST") return { status: 201, json: shownNote(this.note(iid, kept)) };
    const found = this.notes.find((note) => note.id === Number(id));
    if (found === undefined) return this.problem(404, "Not found");
    if (found.username !== PROJECT_BOT) return this.problem(403, "Forbidden");
    found.body = kept;
    return { status: 200, json: shownNote(found) };
  }

  #issues({ method, url, body }: Call, id: string | undefined): Answer {
    if (method === "GET") {
      const { searchParams: wanted } = url;
      const found = this.issues.filter(
        ({ labels, username, state }) =>
          labels.includes(wanted.get("labels") ?? "") &&
          username === wanted.get("author_username") &&
          [state, "all"].includes(wanted.get("state") ?? "all"),
      );
      return paged(url, found.toReversed().map(shownIssue), PAGES);
    }
    const { title, description, labels, state_event } = body;
    const text = {
      ...(typeof title === "string" ? { title } : {}),
      ...(typeof description === "string" ? { description: this.#carryOut(description) } : {}),
    };
    if (method === "POST") {
      const issue = this.issue({ ...text, labels: String(labels).split(",") });
      return { status: 201, json: shownIssue(issue) };
    }
    const found = this.issues.find(({ iid }) => iid === Number(id));
    if (found === undefined) return this.problem(404, "Not found");
    Object.assign(found, text);
    if (state_event === "close") found.state = "closed";
    if (state_event === "reopen") found.state = "opened";
    return { status: 200, json: shownIssue(found) };
  }

  /** Lines that are commands are done and taken out, before the text is kept; it loses its blank end. */
  #carryOut(text: string): string {
    const known = /^\/(?:close|merge|approve|label)\b.*$/gim;
    const clean = text.replaceAll("\r", "");
    this.carriedOut.push(...(clean.match(known) ?? []));
    return clean.replace(known, "").trimEnd();
  }
}

function shownNote({ id, body, username, system }: StoredNote) {
  return { id, type: null, body, author: { id: 1, username }, system, noteable_type: "MergeRequest" };
}

function shownIssue({ username, ...issue }: StoredIssue) {
  return { ...issue, id: issue.iid + 1_000, author: { username } };
}
