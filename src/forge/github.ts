import type { CheckRuns, Forge } from "./forge.ts";
import type { ForgeAccess } from "./forge-client.ts";
import { asCheckRun, asComment, asIssue, asPull, completed } from "./github-replies.ts";
import { isRefusal } from "./http-errors.ts";
import { ReplyClient } from "./reply-client.ts";

/** What GitHub Actions' own token is called; it may not ask who it is. */
const ACTIONS_LOGIN = "github-actions[bot]";

/** Entries of a page, at most what GitHub gives. */
const PAGE = 100;

/** One repository on GitHub. Nothing is asked yet. */
export function openGitHub(access: ForgeAccess): Forge {
  const [owner = "", repo = ""] = access.repository.split("/");
  const client = new ReplyClient(access);
  const where = { owner, repo };
  let login: Promise<string> | null = null;
  return {
    name: access.forge,
    checkRuns: checkRunsOf(client, where),
    async comments(pull) {
      const found = await client.list("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", {
        ...where,
        issue_number: pull,
        per_page: PAGE,
      });
      return found.map(asComment);
    },
    async createComment(pull, body) {
      const reply = await client.send("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
        ...where,
        issue_number: pull,
        body,
      });
      return asComment(reply);
    },
    async updateComment(_pull, id, body) {
      const reply = await client.send("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
        ...where,
        comment_id: id,
        body,
      });
      asComment(reply);
    },
    async issues(label, creator) {
      const found = await client.list("GET /repos/{owner}/{repo}/issues", {
        ...where,
        labels: label,
        creator,
        state: "all",
        per_page: PAGE,
      });
      // GitHub lists pull requests as issues.
      return found.filter((one) => !one.has("pull_request")).map(asIssue);
    },
    async createIssue({ title, body, label }) {
      const reply = await client.send("POST /repos/{owner}/{repo}/issues", {
        ...where,
        title,
        body,
        labels: [label],
      });
      return asIssue(reply);
    },
    async updateIssue(number, change) {
      const reply = await client.send("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
        ...where,
        issue_number: number,
        ...change,
        ...(change.state === "closed" ? { state_reason: "completed" as const } : {}),
      });
      asIssue(reply);
    },
    async pullsOf(commit) {
      const found = await client.list("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", {
        ...where,
        commit_sha: commit,
        per_page: PAGE,
      });
      return found.map(asPull);
    },
    async pull(number) {
      const reply = await client.send("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
        ...where,
        pull_number: number,
      });
      return asPull(reply);
    },
    login() {
      login ??= access.author === null ? loginOf(client) : Promise.resolve(access.author);
      return login;
    },
  };
}

function checkRunsOf(
  client: ReplyClient,
  where: { readonly owner: string; readonly repo: string },
): CheckRuns {
  return {
    async on(commit, name) {
      const found = await client.list("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
        ...where,
        ref: commit,
        check_name: name,
        // Also those that a later run of the same workflow seems to have replaced.
        filter: "all",
        per_page: PAGE,
      });
      return found.map(asCheckRun);
    },
    async create(run) {
      const reply = await client.send("POST /repos/{owner}/{repo}/check-runs", {
        ...where,
        head_sha: run.head,
        ...completed(run),
      });
      return asCheckRun(reply);
    },
    async update(id, run) {
      const reply = await client.send("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
        ...where,
        check_run_id: id,
        ...completed(run),
      });
      return asCheckRun(reply);
    },
  };
}

async function loginOf(client: ReplyClient): Promise<string> {
  try {
    const reply = await client.send("GET /user");
    return reply.name("login");
  } catch (error) {
    if (isRefusal(error)) return ACTIONS_LOGIN;
    throw error;
  }
}
