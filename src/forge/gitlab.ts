import type { Comment, Forge, Issue, Pull } from "./forge.ts";
import type { ForgeAccess } from "./forge-client.ts";
import { ReplyClient, type ReplyFields } from "./reply-client.ts";

/** Entries of a page, at most what GitLab gives. */
const PAGE = 100;

/**
 * One project on GitLab: notes of merge requests, and issues. Nothing is asked yet. Its commit statuses can be written
 * by every developer, and its external status checks by whoever has the right to answer for them, so none of them is
 * a check run.
 * https://docs.gitlab.com/api/notes/ , https://docs.gitlab.com/api/issues/ , https://docs.gitlab.com/api/merge_requests/
 */
export function openGitLab(access: ForgeAccess): Forge {
  const client = new ReplyClient(access);
  const where = { id: access.repository };
  let login: Promise<string> | null = null;
  return {
    name: "GitLab",
    checkRuns: null,
    async comments(pull) {
      const found = await client.list("GET /projects/{id}/merge_requests/{iid}/notes", {
        ...where,
        iid: pull,
        order_by: "created_at",
        sort: "asc",
        per_page: PAGE,
      });
      // What GitLab itself notes, such as a push, stands among them.
      return found.flatMap((note) => (note.is(true, "system") ? [] : [asComment(note)]));
    },
    async createComment(pull, body) {
      const reply = await client.send("POST /projects/{id}/merge_requests/{iid}/notes", {
        ...where,
        iid: pull,
        body,
      });
      return asComment(reply);
    },
    async updateComment(pull, note, body) {
      const reply = await client.send("PUT /projects/{id}/merge_requests/{iid}/notes/{note}", {
        ...where,
        iid: pull,
        note,
        body,
      });
      asComment(reply);
    },
    async issues(label, author) {
      const found = await client.list("GET /projects/{id}/issues", {
        ...where,
        labels: label,
        author_username: author,
        scope: "all",
        state: "all",
        order_by: "created_at",
        sort: "desc",
        per_page: PAGE,
      });
      return found.map(asIssue);
    },
    async createIssue({ title, body, label }) {
      const reply = await client.send("POST /projects/{id}/issues", {
        ...where,
        title,
        description: body,
        labels: label,
      });
      return asIssue(reply);
    },
    async updateIssue(number, { title, body, state }) {
      const reply = await client.send("PUT /projects/{id}/issues/{iid}", {
        ...where,
        iid: number,
        ...(title === undefined ? {} : { title }),
        ...(body === undefined ? {} : { description: body }),
        ...(state === undefined ? {} : { state_event: state === "open" ? "reopen" : "close" }),
      });
      asIssue(reply);
    },
    async pullsOf(commit) {
      const found = await client.list("GET /projects/{id}/repository/commits/{commit}/merge_requests", {
        ...where,
        commit,
        per_page: PAGE,
      });
      return found.map(asPull);
    },
    async pull(number) {
      const reply = await client.send("GET /projects/{id}/merge_requests/{iid}", {
        ...where,
        iid: number,
      });
      return asPull(reply);
    },
    login() {
      login ??=
        access.author === null
          ? client.send("GET /user").then((reply) => reply.name("username"))
          : Promise.resolve(access.author);
      return login;
    },
  };
}

function asComment(note: ReplyFields): Comment {
  return { id: note.number("id"), login: note.text("author", "username"), body: note.text("body") };
}

function asIssue(issue: ReplyFields): Issue {
  return {
    number: issue.number("iid"),
    state: issue.is("closed", "state") ? "closed" : "open",
    reason: null,
    title: issue.text("title"),
    body: issue.text("description"),
  };
}

/** Merged fast-forward, a merge request has no commit of its own on the branch. */
function asPull(change: ReplyFields): Pull {
  const merge = change.text("merge_commit_sha") || change.text("squash_commit_sha");
  return {
    number: change.number("iid"),
    merged: change.is("merged", "state"),
    base: change.text("target_branch"),
    head: change.text("sha"),
    mergeCommit: merge === "" ? null : merge,
  };
}
