import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DRIFT_LABEL, type DriftReport, keepDriftIssue } from "../../src/forge/drift-issue.ts";
import type { Forge } from "../../src/forge/forge.ts";
import type { ForgeAccess } from "../../src/forge/forge-client.ts";
import { withoutMarker } from "../../src/forge/marker.ts";
import { openForge } from "../../src/forge/open-forge.ts";
import { endComment, keepComment, type PlanComment } from "../../src/forge/plan-comment.ts";
import { NOW } from "../world/host-rotation.ts";
import { GITEA_REPOSITORY, GITEA_TOKEN, GiteaServer } from "./gitea-server.ts";
import { GitLabServer, JOB_TOKEN, PROJECT, PROJECT_BOT, PROJECT_TOKEN } from "./gitlab-server.ts";

const PULL = 7;
const COMMIT = "c0ffee00".repeat(5);
const HEAD = "beef".repeat(10);

let gitlab: GitLabServer;
let gitea: GiteaServer;
let slept: number[];
let notices: string[];

beforeEach(async () => {
  gitlab = new GitLabServer();
  gitea = new GiteaServer();
  await Promise.all([gitlab.start(), gitea.start()]);
  slept = [];
  notices = [];
});

afterEach(async () => {
  await Promise.all([gitlab.stop(), gitea.stop()]);
});

/** Of one test: a request of the one before may still be trying. */
function world() {
  const [pauses, heard] = [slept, notices];
  return {
    author: null,
    now: () => NOW,
    sleep: async (ms: number) => {
      pauses.push(ms);
    },
    notice: (message: string) => heard.push(message),
  };
}

function onGitLab(changes: Partial<ForgeAccess> = {}): Forge {
  const access = { token: PROJECT_TOKEN, apiUrl: gitlab.url, repository: PROJECT };
  return openForge({ forge: "GitLab", ...world(), ...access, ...changes });
}

function onGitea(changes: Partial<ForgeAccess> = {}): Forge {
  const access = { token: GITEA_TOKEN, apiUrl: gitea.url, repository: GITEA_REPOSITORY };
  return openForge({ forge: "Gitea", ...world(), ...access, ...changes });
}

/** The two of them, with what each stores. */
const BOTH = [
  {
    name: "GitLab",
    open: onGitLab,
    server: () => gitlab,
    texts: () => gitlab.notes.map(({ body }) => body),
    comment: (body: string, login?: string) => gitlab.note(PULL, body, login),
    issues: () => gitlab.issues.map(({ title, state, description }) => ({ title, state, body: description })),
    open_: "opened",
    patch: /^PUT/,
  },
  {
    name: "Gitea",
    open: onGitea,
    server: () => gitea,
    texts: () => gitea.comments.map(({ body }) => body),
    comment: (body: string, login?: string) => gitea.comment(PULL, body, login),
    issues: () => gitea.issues.map(({ title, state, body }) => ({ title, state, body })),
    open_: "open",
    patch: /^PATCH/,
  },
] as const;

function plan(text: string, changes: Partial<PlanComment> = {}): PlanComment {
  const render = () => `## capstan plan\n\n${text}\n`;
  return { pull: PULL, scope: "all", commit: "c0ffee", fingerprint: "sha256:5e5e", render, ...changes };
}

describe.each(BOTH)("the comment of a plan on $name", ({ name, open, server, texts, comment, patch }) => {
  const shown = () => texts().map((body) => withoutMarker(body).trimEnd());
  const writes = () => server().calls.filter((call) => !call.startsWith("GET"));

  it("is created once, patched when it says something else, and left alone when it does not", async () => {
    expect(await keepComment(open(), plan("one"))).toEqual({ result: "created" });
    expect(await keepComment(open(), plan("two"))).toEqual({ result: "updated" });
    expect(await keepComment(open(), plan("two"))).toEqual({ result: "unchanged" });
    expect(shown()).toEqual(["## capstan plan\n\ntwo"]);
    expect(writes()).toHaveLength(2);
  });

  it("is found among hundreds of others, and is never somebody else's", async () => {
    await keepComment(open(), plan("one"));
    const theirs = comment(texts()[0] ?? "", "mallory");
    for (let index = 0; index < 250; index += 1) comment(`comment ${index}`, "alice");
    expect(await keepComment(open(), plan("two"))).toEqual({ result: "updated" });
    expect(theirs.body).toContain("one");
    expect(texts()).toHaveLength(252);
  });

  it("is marked as applied, and folded", async () => {
    await keepComment(open(), plan("one"));
    expect(await endComment(open(), PULL, "all", { state: "applied", runUrl: null })).toEqual({
      result: "updated",
    });
    expect(shown()[0]).toContain("> **Applied**");
    expect(await endComment(open(), PULL, "all", { state: "applied", runUrl: null })).toEqual({
      result: "unchanged",
    });
  });

  it("is a warning with its remedy where the token may only read", async () => {
    server().readOnly = true;
    expect(await keepComment(open(), plan("one"))).toMatchObject({
      result: "forbidden",
      message: expect.stringMatching(new RegExp(`^${name} answered 403: .*(privileges|permission)`)),
    });
    expect(slept).toEqual([]);
    expect(texts()).toEqual([]);
  });

  it.each([
    ["a token that is no longer valid", { token: "stale-token-0123456789" }, 401],
    ["a repository that is not there for it", { repository: "999/x" }, 404],
  ])("is not written with %s", async (_, access, status) => {
    const written = await keepComment(open(access), plan("one"));
    expect(written).toMatchObject({ result: "forbidden", message: expect.stringContaining(String(status)) });
    expect(JSON.stringify(written)).not.toContain("stale-token");
  });

  it("waits where it is asked to, and then writes once", async () => {
    await keepComment(open(), plan("one"));
    server().fail(
      patch,
      { status: 429, headers: { "retry-after": "30" }, text: "Retry later\n" },
      { status: 429, headers: { "ratelimit-remaining": "0", "ratelimit-reset": String(NOW / 1000 + 40) } },
      { status: 429, headers: { "retry-after": new Date(NOW + 5_000).toUTCString() } },
      { status: 429, message: "This endpoint has been requested too many times. Try again later." },
    );
    expect(await keepComment(open(), plan("two"))).toEqual({ result: "updated" });
    expect(slept).toEqual([30_000, 41_000, 5_000, 60_000]);
    expect(notices[0]).toBe(`${name} answers 429; trying again in 30 s`);
  });

  it("does not sleep for an hour", async () => {
    server().fail(/^POST/, { status: 429, headers: { "retry-after": "3600" }, text: "Retry later\n" });
    expect(await keepComment(open(), plan("one"))).toEqual({
      result: "failed",
      message: `${name} answered 429: Retry later`,
    });
    expect(slept).toEqual([]);
  });

  it.each([
    ["an error after success", { status: 502, afterSuccess: true }],
    ["a connection cut after success", { status: 0, cut: true, afterSuccess: true }],
    ["an error before", { status: 502, text: "<html><body>502 Bad Gateway</body></html>" }],
  ])("is created once: %s", async (_, fault) => {
    server().fail(/^POST/, fault);
    expect(await keepComment(open(), plan("one"))).toEqual({ result: "created" });
    expect(texts()).toHaveLength(1);
  });

  it("is written shorter when a proxy before it finds it too large", async () => {
    const page = "<html>413 Request Entity Too Large</html>";
    server().fail(/^POST/, { status: 413, text: page }, { status: 413, text: page });
    const render = (limit: number) => "x".repeat(Math.min(limit, 50_000));
    expect(await keepComment(open(), plan("", { render }))).toEqual({ result: "created" });
    expect(shown()[0]).toHaveLength(15_000);
  });

  it("is not looked for in the page of a proxy", async () => {
    server().fail(/^GET/, { status: 200, text: "<html>Sign in</html>" });
    expect(await keepComment(open(), plan("one"))).toMatchObject({
      result: "failed",
      message: expect.stringContaining(`it may not be ${name} that answers`),
    });
    expect(writes()).toEqual([]);
  });
});

describe.each(BOTH)("the issue of a cluster that drifts on $name", ({ open, server, issues, open_ }) => {
  const keep = (text: string, changes: Partial<DriftReport> = {}) =>
    keepDriftIssue(open(), {
      cluster: "acme.cluster",
      commit: "c0ffee",
      fingerprint: "sha256:5e5e",
      drifted: true,
      runUrl: null,
      render: () => `${text}\n`,
      ...changes,
    });

  it("is opened, updated while it changes, closed, and the same one opened again", async () => {
    expect(await keep("", { drifted: false })).toEqual({ result: "none" });
    expect(await keep("a key too many")).toEqual({ result: "created" });
    expect(await keep("a key too many")).toEqual({ result: "unchanged" });
    expect(await keep("two keys too many")).toEqual({ result: "updated" });
    expect(issues()).toMatchObject([{ title: "capstan: acme.cluster is not what git says", state: open_ }]);
    expect(await keep("", { drifted: false })).toEqual({ result: "closed" });
    expect(issues()).toMatchObject([{ state: "closed" }]);
    expect(await keep("two keys too many")).toEqual({ result: "created" });
    expect(issues()).toMatchObject([{ state: open_, body: expect.stringContaining("two keys") }]);
  });

  it("is found among hundreds, and is one for each cluster", async () => {
    await keep("a key too many");
    for (let index = 0; index < 120; index += 1) server().issue({});
    expect(await keep("two keys too many")).toEqual({ result: "updated" });
    expect(await keep("one", { cluster: "other.cluster" })).toEqual({ result: "created" });
    expect(issues()).toHaveLength(122);
  });

  it("without the right to open one, says so", async () => {
    server().readOnly = true;
    expect(await keep("a key too many")).toMatchObject({ result: "forbidden" });
  });
});

describe("GitLab alone", () => {
  it("carries out nothing that a plan quotes, in a note or in an issue", async () => {
    const render = () => "a sentence\n/close\n\r/merge\n```text\n/approve\n```\n/label ~done\n";
    await keepComment(onGitLab(), plan("", { render }));
    await keepComment(onGitLab(), plan("", { render: () => `${render()}\n/close\n` }));
    await keepDriftIssue(onGitLab(), {
      cluster: "acme.cluster",
      commit: null,
      fingerprint: "sha256:5e5e",
      drifted: true,
      runUrl: null,
      render,
    });
    expect(gitlab.carriedOut).toEqual([]);
    expect(gitlab.notes[0]?.body).toContain("\n /close\n");
    const [before] = gitlab.calls.filter((call) => call.startsWith("PUT")).slice(-1);
    await keepComment(onGitLab(), plan("", { render: () => `${render()}\n/close\n` }));
    expect(gitlab.calls.filter((call) => call.startsWith("PUT"))).toEqual([before]);
  });

  it("has notes of its own about every push, which are nobody's comment", async () => {
    await keepComment(onGitLab(), plan("one"));
    gitlab.note(PULL, gitlab.notes[0]?.body ?? "", PROJECT_BOT, true);
    expect(await keepComment(onGitLab(), plan("two"))).toEqual({ result: "updated" });
    expect(gitlab.notes.map(({ body }) => body.includes("two"))).toEqual([true, false]);
  });

  it("does not take a job's own token for notes", async () => {
    const answer = await fetch(`${gitlab.url}/projects/${PROJECT}/merge_requests/7/notes`, {
      headers: { "job-token": JOB_TOKEN },
    });
    expect(answer.status).toBe(200);
    expect(await keepComment(onGitLab({ token: JOB_TOKEN }), plan("one"))).toMatchObject({
      result: "forbidden",
      message: "GitLab answered 401: 401 Unauthorized",
    });
  });

  it("takes a note of 60,000 characters, and a shorter one where its administrator set a lower limit", async () => {
    const tooLong = { message: { note: ["is too long (maximum is 20000 characters)"] } };
    gitlab.fail(/^POST/, { status: 400, text: JSON.stringify(tooLong) });
    const render = (limit: number) => "x".repeat(limit);
    expect(await keepComment(onGitLab(), plan("", { render }))).toEqual({ result: "created" });
    expect(withoutMarker(gitlab.notes[0]?.body ?? "")).toHaveLength(30_000);
    gitlab.fail(/^PUT/, { status: 400, text: JSON.stringify({ message: { note: ["can't be blank"] } }) });
    expect(await keepComment(onGitLab(), plan("two"))).toEqual({
      result: "failed",
      message: "GitLab answered 400: note can't be blank",
    });
  });

  it.each([
    ["a merge commit", { merge_commit_sha: COMMIT, squash_commit_sha: "5".repeat(40), sha: HEAD }, COMMIT],
    ["a squash alone", { squash_commit_sha: COMMIT, sha: HEAD }, COMMIT],
    ["a fast-forward", { sha: COMMIT }, null],
  ])("says which merge request came as %s", async (_, change, mergeCommit) => {
    gitlab.change({ iid: PULL, ...change });
    const [found, ...others] = await onGitLab().pullsOf(COMMIT);
    expect(others).toEqual([]);
    expect(found).toEqual({ number: PULL, merged: true, base: "main", head: change.sha, mergeCommit });
    expect(await onGitLab().pull(PULL)).toEqual(found);
  });
});

describe("Gitea and Forgejo alone", () => {
  it.each([
    ["Gitea", "gitea-actions"],
    ["Forgejo", "forgejo-actions"],
  ] as const)("%s finds the comment of a job's token, which may not ask who it is", async (forge, login) => {
    gitea.writer = login;
    await keepComment(onGitea({ forge }), plan("one"));
    expect(await keepComment(onGitea({ forge }), plan("two"))).toEqual({ result: "updated" });
  });

  it("finds that of a person's token, and does not take it for the job's where it may not ask", async () => {
    gitea.writer = "carol";
    gitea.scopes = ["write:issue", "read:user"];
    await keepComment(onGitea(), plan("one"));
    expect(await keepComment(onGitea(), plan("two"))).toEqual({ result: "updated" });
    gitea.scopes = ["write:issue"];
    expect(await keepComment(onGitea(), plan("three"))).toMatchObject({
      result: "forbidden",
      message: expect.stringContaining("required scope(s): [read:user]"),
    });
    expect(gitea.comments).toHaveLength(1);
  });

  it("follows pages where it is reached, whatever it calls itself", async () => {
    gitea.rootUrl = "https://git.example.invalid";
    for (let index = 0; index < 120; index += 1) gitea.issue({ body: `issue ${index}` });
    expect(await onGitea().issues(DRIFT_LABEL, gitea.writer)).toHaveLength(120);
  });

  it("makes the label once", async () => {
    const issue = { title: "t", body: "b", label: DRIFT_LABEL };
    await onGitea().createIssue(issue);
    await onGitea().createIssue(issue);
    expect(gitea.labels.map(({ name }) => name)).toEqual([DRIFT_LABEL]);
  });

  it("says which pull request was merged as a commit, or that none was", async () => {
    const stored = { number: PULL, merged: true, merge_commit_sha: COMMIT };
    gitea.pulls.push({ ...stored, base: { ref: "main" }, head: { sha: HEAD } });
    const found = { number: PULL, merged: true, base: "main", head: HEAD, mergeCommit: COMMIT };
    expect(await onGitea().pullsOf(COMMIT)).toEqual([found]);
    expect(await onGitea().pullsOf(HEAD)).toEqual([]);
    expect(await onGitea().pull(PULL)).toEqual(found);
  });
});
