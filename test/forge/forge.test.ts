import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DRIFT_LABEL, type DriftReport, keepDriftIssue } from "../../src/forge/drift-issue.ts";
import type { Forge } from "../../src/forge/forge.ts";
import { openGitHub } from "../../src/forge/github.ts";
import { type Marker, readMarker, withoutMarker, writeMarker } from "../../src/forge/marker.ts";
import { endComment, keepComment, type PlanComment } from "../../src/forge/plan-comment.ts";
import { NOW } from "../world/host-rotation.ts";
import { BOT, GitHubServer, REPOSITORY, TOKEN } from "./github-server.ts";

const PULL = 7;
const RUN = "https://github.com/acme/pki/actions/runs/42";

let server: GitHubServer;
let slept: number[];
let notices: string[];

beforeEach(async () => {
  server = new GitHubServer();
  await server.start();
  slept = [];
  notices = [];
});

afterEach(async () => {
  await server.stop();
});

function github(changes: Partial<Parameters<typeof openGitHub>[0]> = {}): Forge {
  return openGitHub({
    forge: "GitHub",
    token: TOKEN,
    apiUrl: server.url,
    repository: REPOSITORY,
    author: BOT,
    now: () => NOW,
    sleep: async (ms) => {
      slept.push(ms);
    },
    notice: (message) => notices.push(message),
    ...changes,
  });
}

function plan(text: string, changes: Partial<PlanComment> = {}): PlanComment {
  return {
    pull: PULL,
    scope: "all",
    commit: "c0ffee",
    fingerprint: "sha256:5e5e",
    render: () => `## capstan plan\n\n${text}\n`,
    ...changes,
  };
}

const texts = () => server.comments.map(({ body }) => withoutMarker(body));
const writes = () => server.calls.filter((call) => !call.startsWith("GET"));

describe("the comment of a plan", () => {
  it("is created once, patched when it says something else, and left alone when it does not", async () => {
    expect(await keepComment(github(), plan("one"))).toEqual({ result: "created" });
    expect(await keepComment(github(), plan("two", { commit: "beef" }))).toEqual({ result: "updated" });
    expect(await keepComment(github(), plan("two", { commit: "beef" }))).toEqual({ result: "unchanged" });
    expect(texts()).toEqual(["## capstan plan\n\ntwo\n"]);
    expect(writes()).toHaveLength(2);
  });

  it("is not patched for another run's address alone, or for GitHub's line ends", async () => {
    const at = (run: number) =>
      plan("", { render: () => `[run](<https://github.com/a/b/actions/runs/${run}>)\n` });
    await keepComment(github(), at(1));
    const [stored] = server.comments;
    if (stored !== undefined) stored.body = stored.body.replaceAll("\n", "\r\n");
    expect(await keepComment(github(), at(2))).toEqual({ result: "unchanged" });
  });

  it("is repaired after somebody edited it", async () => {
    await keepComment(github(), plan("one"));
    const [stored] = server.comments;
    if (stored !== undefined) stored.body += "looks fine to me\n";
    expect(await keepComment(github(), plan("one"))).toEqual({ result: "updated" });
    expect(texts()).toEqual(["## capstan plan\n\none\n"]);
  });

  it("is one for each scope", async () => {
    await keepComment(github(), plan("prod", { scope: "prod" }));
    await keepComment(github(), plan("dev", { scope: "dev" }));
    await keepComment(github(), plan("prod 2", { scope: "prod" }));
    expect(texts()).toEqual(["## capstan plan\n\nprod 2\n", "## capstan plan\n\ndev\n"]);
  });

  it("is found among hundreds of others", async () => {
    for (let index = 0; index < 250; index += 1) server.comment(PULL, `comment ${index}`, "alice");
    await keepComment(github(), plan("one"));
    for (let index = 0; index < 250; index += 1) server.comment(PULL, `comment ${index}`, "alice");
    expect(await keepComment(github(), plan("two"))).toEqual({ result: "updated" });
    expect(server.comments).toHaveLength(501);
  });

  it("is never somebody else's, however it begins", async () => {
    const marker = writeMarker({
      v: 1,
      kind: "plan",
      scope: "all",
      commit: null,
      fingerprint: "sha256:evil",
      state: "current",
    });
    const theirs = server.comment(PULL, `${marker}No changes.`, "mallory");
    expect(await keepComment(github(), plan("one"))).toEqual({ result: "created" });
    expect(theirs.body).toContain("No changes.");
  });

  it.each([
    ["a person's token", "carol", "carol"],
    ["the workflow's own token, which may not ask who it is", null, BOT],
  ])("is found again with %s", async (_, user, login) => {
    server.user = user;
    server.writer = login;
    await keepComment(github({ author: null }), plan("one"));
    expect(await keepComment(github({ author: null }), plan("two"))).toEqual({ result: "updated" });
  });

  it("that somebody deletes in that moment is created by the next run", async () => {
    await keepComment(github(), plan("one"));
    server.fail(/^PATCH/, { status: 404, message: "Not Found" });
    expect(await keepComment(github(), plan("two"))).toMatchObject({ result: "forbidden" });
    server.comments.length = 0;
    expect(await keepComment(github(), plan("two"))).toEqual({ result: "created" });
  });

  it("that GitHub finds too long is written shorter", async () => {
    const render = (limit: number) => "x".repeat(limit > 20_000 ? 70_000 : limit);
    expect(await keepComment(github(), plan("", { render }))).toEqual({ result: "created" });
    expect(texts()[0]).toHaveLength(15_000);
    expect(await keepComment(github(), plan("", { render: () => "x".repeat(70_000) }))).toMatchObject({
      result: "failed",
      message: expect.stringContaining("too long"),
    });
  });
});

describe("a request that GitHub cannot process", () => {
  it("patches a shorter text when only the new one is too long", async () => {
    await keepComment(github(), plan("one"));
    const render = (limit: number) => "x".repeat(limit > 20_000 ? 70_000 : limit);
    expect(await keepComment(github(), plan("", { render }))).toEqual({ result: "updated" });
    expect(texts().map((text) => text.length)).toEqual([15_000]);
  });

  it("is neither shortened nor sent again when it is refused for another reason", async () => {
    server.fail(/^POST/, { status: 422, message: "Validation Failed: issue is locked" });
    expect(await keepComment(github(), plan("one"))).toMatchObject({
      result: "failed",
      message: expect.stringContaining("422: Validation Failed: issue is locked"),
    });
    expect(writes()).toHaveLength(1);
    expect(slept).toEqual([]);
  });
});

describe("without the right to write", () => {
  it("nothing is written, and that is no error", async () => {
    server.readOnly = true;
    expect(await keepComment(github(), plan("one"))).toEqual({
      result: "forbidden",
      message: expect.stringContaining("Resource not accessible by integration"),
    });
    expect(slept).toEqual([]);
    expect(server.comments).toEqual([]);
  });

  it.each([
    ["a token that is no longer valid", { token: "ghs_old" }, 401],
    ["a repository that is not there for it", { repository: "acme/other" }, 404],
  ])("%s", async (_, access, status) => {
    const written = await keepComment(github(access), plan("one"));
    expect(written).toMatchObject({ result: "forbidden", message: expect.stringContaining(String(status)) });
    expect(JSON.stringify(written)).not.toContain("ghs_old");
  });
});

describe("when GitHub is not well", () => {
  it("reads and patches are tried again, with longer pauses", async () => {
    await keepComment(github(), plan("one"));
    server.fail(/^GET/, { status: 502 }, { status: 503 }, { status: 500 });
    server.fail(/^PATCH/, { status: 0, cut: true });
    expect(await keepComment(github(), plan("two"))).toEqual({ result: "updated" });
    expect(slept).toEqual([1_000, 2_000, 4_000, 1_000]);
    expect(notices[0]).toBe("GitHub answers 502; trying again in 1 s");
  });

  it("it is given up in the end, without failing the run", async () => {
    server.fail(/^GET/, ...Array.from({ length: 10 }, () => ({ status: 503, message: "Unavailable" })));
    expect(await keepComment(github(), plan("one"))).toMatchObject({ result: "failed" });
    expect(slept).toHaveLength(4);
  });

  it.each([
    ["an error after success", { status: 502, afterSuccess: true }],
    ["a connection cut after success", { status: 0, cut: true, afterSuccess: true }],
    ["an error before", { status: 502 }],
  ])("a comment is created once: %s", async (_, fault) => {
    server.fail(/^POST/, fault);
    expect(await keepComment(github(), plan("one"))).toEqual({ result: "created" });
    expect(server.comments).toHaveLength(1);
  });

  it.each([
    ["retry-after", { status: 403, headers: { "retry-after": "30" } }, 30_000],
    [
      "the primary limit",
      {
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW / 1000 + 90) },
        message: "API rate limit exceeded",
      },
      91_000,
    ],
    ["the secondary limit", { status: 403, message: "You have exceeded a secondary rate limit" }, 60_000],
    ["429", { status: 429 }, 60_000],
  ])("it waits as long as GitHub asks for: %s", async (_, fault, pause) => {
    server.fail(/^POST/, fault);
    expect(await keepComment(github(), plan("one"))).toEqual({ result: "created" });
    expect(slept).toEqual([pause]);
    expect(server.comments).toHaveLength(1);
  });

  it("a page in the middle that fails is asked for again, and the comment behind it is found", async () => {
    for (let index = 0; index < 250; index += 1) server.comment(PULL, `comment ${index}`, "alice");
    await keepComment(github(), plan("one"));
    const secondPage = /^GET .*page=2/;
    server.fail(secondPage, { status: 502 }, { status: 429, headers: { "retry-after": "7" } });
    expect(await keepComment(github(), plan("two"))).toEqual({ result: "updated" });
    expect(slept).toEqual([1_000, 7_000]);
    expect(server.comments).toHaveLength(251);
  });

  it("a page that stays away is no reason for a second comment", async () => {
    for (let index = 0; index < 150; index += 1) server.comment(PULL, `comment ${index}`, "alice");
    await keepComment(github(), plan("one"));
    server.fail(/^GET .*page=2/, ...Array.from({ length: 5 }, () => ({ status: 500 })));
    expect(await keepComment(github(), plan("two"))).toMatchObject({ result: "failed" });
    expect(server.comments).toHaveLength(151);
  });

  it("it waits for a patch too", async () => {
    await keepComment(github(), plan("one"));
    server.fail(/^PATCH/, { status: 403, headers: { "retry-after": "30" } });
    expect(await keepComment(github(), plan("two"))).toEqual({ result: "updated" });
    expect(slept).toEqual([30_000]);
  });

  it("it does not sleep for an hour", async () => {
    const reset = String(NOW / 1000 + 3_600);
    server.fail(/^GET/, {
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset },
    });
    expect(await keepComment(github(), plan("one"))).toMatchObject({ result: "forbidden" });
    expect(slept).toEqual([]);
  });
});

describe("a plan that is over", () => {
  it("is marked as applied, and folded; a new one takes its place", async () => {
    await keepComment(github(), plan("one"));
    const applied = { state: "applied", runUrl: RUN } as const;
    expect(await endComment(github(), PULL, "all", applied)).toEqual({ result: "updated" });
    expect(texts()).toEqual([
      `> [!NOTE]\n> **Applied** [by this run](<${RUN}>).\n\n<details><summary>The plan as it was</summary>\n\n## capstan plan\n\none\n</details>\n`,
    ]);
    expect(await endComment(github(), PULL, "all", applied)).toEqual({ result: "unchanged" });
    expect(await keepComment(github(), plan("two"))).toEqual({ result: "updated" });
    expect(texts()).toEqual(["## capstan plan\n\ntwo\n"]);
  });

  it("is folded once, however often it ends", async () => {
    await keepComment(github(), plan("one"));
    await endComment(github(), PULL, "all", { state: "superseded", runUrl: null });
    await endComment(github(), PULL, "all", { state: "applied", runUrl: RUN });
    expect(texts()[0]?.match(/<details>/g)).toHaveLength(1);
    expect(texts()[0]).toContain("one\n</details>");
  });

  it("that was never shown needs no end", async () => {
    expect(await endComment(github(), PULL, "all", { state: "applied", runUrl: RUN })).toEqual({
      result: "none",
    });
  });
});

describe("the issue of a cluster that drifts", () => {
  function report(text: string, changes: Partial<DriftReport> = {}): DriftReport {
    return {
      cluster: "acme.cluster",
      commit: "c0ffee",
      fingerprint: "sha256:5e5e",
      drifted: true,
      runUrl: RUN,
      render: () => `${text}\n`,
      ...changes,
    };
  }
  const keep = (text: string, changes?: Partial<DriftReport>) =>
    keepDriftIssue(github(), report(text, changes));

  it("is opened, updated while it changes, closed, and the same one opened again", async () => {
    expect(await keep("", { drifted: false })).toEqual({ result: "none" });
    expect(await keep("a key too many")).toEqual({ result: "created" });
    expect(await keep("a key too many", { commit: "beef" })).toEqual({ result: "unchanged" });
    expect(await keep("two keys too many")).toEqual({ result: "updated" });
    expect(server.issues).toMatchObject([
      { title: "capstan: acme.cluster is not what git says", labels: [DRIFT_LABEL], state: "open" },
    ]);
    expect(await keep("", { drifted: false })).toEqual({ result: "closed" });
    expect(server.issues).toMatchObject([{ state: "closed", state_reason: "completed" }]);
    expect(await keep("", { drifted: false })).toEqual({ result: "none" });
    expect(await keep("two keys too many")).toEqual({ result: "created" });
    expect(server.issues).toMatchObject([{ state: "open" }]);
  });

  it("is one for each cluster, and none of a person or a pull request", async () => {
    const marker = { v: 1, kind: "drift", scope: "acme.cluster", commit: null, fingerprint: null } as const;
    server.issue({ body: writeMarker({ ...marker, state: "current" }), login: "mallory" });
    server.issue({ body: writeMarker({ ...marker, state: "current" }), pull_request: {} });
    await keep("one");
    await keep("one", { cluster: "other.cluster" });
    expect(server.issues).toHaveLength(4);
  });

  it("is found among hundreds", async () => {
    await keep("a key too many");
    for (let index = 0; index < 250; index += 1) server.issue({ body: `issue ${index}` });
    expect(await keep("two keys too many")).toEqual({ result: "updated" });
    expect(server.issues).toHaveLength(251);
  });

  it("that a person closed as not planned stays closed until it says something else", async () => {
    await keep("a key too many");
    const [issue] = server.issues;
    if (issue !== undefined) Object.assign(issue, { state: "closed", state_reason: "not_planned" });
    expect(await keep("a key too many")).toEqual({ result: "unchanged" });
    expect(await keep("two keys too many")).toEqual({ result: "created" });
    expect(server.issues).toMatchObject([{ state: "open" }]);
  });

  it("without the right to open one, says so", async () => {
    server.readOnly = true;
    expect(await keep("a key too many")).toMatchObject({ result: "forbidden" });
  });
});

describe("the marker", () => {
  const marker: Marker = {
    v: 1,
    kind: "plan",
    scope: "all",
    commit: "c0ffee",
    fingerprint: null,
    state: "current",
  };

  it.each(["all", "a --> b", "<!-- -->", "---", "\n", '"', "{}"])(
    "comes back for a scope called %j",
    (scope) => {
      const line = writeMarker({ ...marker, scope });
      expect(readMarker(`${line}text`)).toEqual({ ...marker, scope });
      expect(line.match(/-->|<!--/g)).toEqual(["<!--", "-->"]);
      expect(withoutMarker(`${line}text`)).toBe("text");
    },
  );

  it.each([
    ["further down", `text\n${writeMarker(marker)}`],
    ["of another tool", "<!-- tfcmt {} -->\n"],
    ["of a version to come", '<!-- capstan {"v":2,"kind":"plan","scope":"all"} -->\n'],
    ["that is broken", "<!-- capstan {broken} -->\n"],
  ])("is not one %s", (_, body) => {
    expect(readMarker(body)).toBeNull();
  });
});
