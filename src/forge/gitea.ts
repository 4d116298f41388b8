import type { Comment, Forge, Issue, Pull } from "./forge.ts";
import type { ForgeAccess } from "./forge-client.ts";
import { isRefusal, statusOf } from "./http-errors.ts";
import { ReplyClient, type ReplyFields } from "./reply-client.ts";

/** Entries of a page: what Gitea gives at most, unless its administrator says otherwise (`MAX_RESPONSE_ITEMS`). */
const PAGE = 50;

/** Labels have a colour there; a red. */
const LABEL_COLOR = "#b60205";

/** Whose a job's own token is, which need not be allowed to ask. */
const ACTIONS_LOGIN = { Gitea: "gitea-actions", Forgejo: "forgejo-actions" } as const;

/**
 * One repository on Gitea or Forgejo: comments of pull requests, and issues. Nothing is asked yet. Their commit
 * statuses can be written by whoever may push, so there are no check runs.
 * https://docs.gitea.com/api/ , https://forgejo.org/docs/latest/user/api-usage/
 */
export function openGitea(name: keyof typeof ACTIONS_LOGIN, access: ForgeAccess): Forge {
  const [owner = "", repo = ""] = access.repository.split("/");
  const client = new ReplyClient(access);
  const where = { owner, repo };
  let login: Promise<string> | null = null;
  return {
    name,
    checkRuns: null,
    async comments(pull) {
      // Of one pull request it gives all at once, and takes no page.
      const found = await client.list("GET /repos/{owner}/{repo}/issues/{index}/comments", {
        ...where,
        index: pull,
      });
      return found.map(asComment);
    },
    async createComment(pull, body) {
      const reply = await client.send("POST /repos/{owner}/{repo}/issues/{index}/comments", {
        ...where,
        index: pull,
        body,
      });
      return asComment(reply);
    },
    async updateComment(_pull, comment, body) {
      const reply = await client.send("PATCH /repos/{owner}/{repo}/issues/comments/{comment}", {
        ...where,
        comment,
        body,
      });
      asComment(reply);
    },
    async issues(label, author) {
      const found = await client.list("GET /repos/{owner}/{repo}/issues", {
        ...where,
        type: "issues",
        state: "all",
        labels: label,
        created_by: author,
        limit: PAGE,
      });
      return found.map(asIssue);
    },
    async createIssue({ title, body, label }) {
      const id = await labelOf(client, where, label);
      const reply = await client.send("POST /repos/{owner}/{repo}/issues", {
        ...where,
        title,
        body,
        labels: [id],
      });
      return asIssue(reply);
    },
    async updateIssue(number, change) {
      const reply = await client.send("PATCH /repos/{owner}/{repo}/issues/{index}", {
        ...where,
        index: number,
        ...change,
      });
      asIssue(reply);
    },
    async pullsOf(commit) {
      try {
        const reply = await client.send("GET /repos/{owner}/{repo}/commits/{commit}/pull", {
          ...where,
          commit,
        });
        return [asPull(reply)];
      } catch (error) {
        // It knows the one that was merged as this commit, or says that there is none.
        if (statusOf(error) === 404) return [];
        throw error;
      }
    },
    async pull(number) {
      const reply = await client.send("GET /repos/{owner}/{repo}/pulls/{index}", {
        ...where,
        index: number,
      });
      return asPull(reply);
    },
    login() {
      login ??= access.author === null ? loginOf(client, name) : Promise.resolve(access.author);
      return login;
    },
  };
}

/** An issue takes labels by their numbers, and only those that there are. */
async function labelOf(
  client: ReplyClient,
  where: { readonly owner: string; readonly repo: string },
  label: string,
): Promise<number> {
  const labels = await client.list("GET /repos/{owner}/{repo}/labels", {
    ...where,
    limit: PAGE,
  });
  const found = labels.find((one) => one.is(label, "name"));
  if (found !== undefined) return found.number("id");
  const reply = await client.send("POST /repos/{owner}/{repo}/labels", {
    ...where,
    name: label,
    color: LABEL_COLOR,
  });
  return reply.number("id");
}

async function loginOf(client: ReplyClient, name: keyof typeof ACTIONS_LOGIN): Promise<string> {
  try {
    const reply = await client.send("GET /user");
    return reply.name("login");
  } catch (error) {
    // A person's token without `read:user` is refused too, and what it writes is by that person.
    if (!isRefusal(error) || /scope/i.test(String(error))) throw error;
    return ACTIONS_LOGIN[name];
  }
}

function asComment(comment: ReplyFields): Comment {
  return { id: comment.number("id"), login: comment.text("user", "login"), body: comment.text("body") };
}

function asIssue(issue: ReplyFields): Issue {
  return {
    number: issue.number("number"),
    state: issue.is("closed", "state") ? "closed" : "open",
    reason: null,
    title: issue.text("title"),
    body: issue.text("body"),
  };
}

function asPull(pull: ReplyFields): Pull {
  const merge = pull.text("merge_commit_sha");
  return {
    number: pull.number("number"),
    merged: pull.is(true, "merged"),
    base: pull.text("base", "ref"),
    head: pull.text("head", "sha"),
    mergeCommit: merge === "" ? null : merge,
  };
}
