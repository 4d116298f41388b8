import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { type ActionDoors, type AppliedRun, type PlannedRun, runAction } from "../../src/forge/action.ts";
import { contextOf } from "../../src/forge/context.ts";
import { annotation } from "../../src/forge/files.ts";
import { openGitHub } from "../../src/forge/github.ts";
import { readMarker, withoutMarker } from "../../src/forge/marker.ts";
import { blocked, hostile, manyClusters, nothingToDo, overridesDue, ready } from "../render/plans.ts";
import { NOW } from "../world/host-rotation.ts";
import { BOT, GitHubServer, REPOSITORY, TOKEN } from "./github-server.ts";

const PULL = 7;
const COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const FINGERPRINT = `sha256:${"5e".repeat(32)}`;

const PULL_REQUEST = { number: PULL, head: { repo: { full_name: REPOSITORY } } };
const MERGE_GROUP = { head_ref: `refs/heads/gh-readonly-queue/main/pr-${PULL}-${COMMIT}` };

let server: GitHubServer;
let folder: string;
let printed: string;

beforeEach(async () => {
  server = new GitHubServer();
  await server.start();
  folder = await mkdtemp(join(tmpdir(), "capstan-action-"));
  printed = "";
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const summary = () => readFileSync(join(folder, "summary.md"), "utf8");

/** Outputs of the step, read as GitHub reads them. */
function outputs(): Readonly<Record<string, string>> {
  const text = readFileSync(join(folder, "output"), "utf8");
  const entries = [...text.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n\2\n/gm)];
  return Object.fromEntries(entries.map(([, name, , value]) => [name, value]));
}

interface Asked {
  readonly event?: string;
  readonly payload?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly doors?: Partial<ActionDoors>;
}

/** Runs the action as a workflow does, and gives what it was asked for and how it ended. */
async function act(mode: string, { event = "pull_request", payload, env = {}, doors = {} }: Asked = {}) {
  const eventFile = join(folder, "event.json");
  writeFileSync(eventFile, JSON.stringify(payload ?? { pull_request: PULL_REQUEST }));
  const context = await contextOf(mode, {
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: server.url,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_RUN_ID: "42",
    GITHUB_SHA: COMMIT,
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: eventFile,
    GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
    GITHUB_OUTPUT: join(folder, "output"),
    ...env,
  });
  const expected: (string | null)[] = [];
  const github =
    context.token === null
      ? null
      : openGitHub({
          token: context.token,
          apiUrl: context.apiUrl,
          repository: context.repository,
          author: context.inputs.commentAuthor,
          now: () => NOW,
          sleep: async () => {},
          notice: () => {},
        });
  const world = {
    github,
    print: (text: string) => {
      printed += text;
    },
  };
  const all: ActionDoors = { plan: async () => planned(), apply: async () => applied(), ...doors };
  const listening: ActionDoors = {
    plan: (expect) => {
      expected.push(expect);
      return all.plan(expect);
    },
    apply: (expect) => {
      expected.push(expect);
      return all.apply(expect);
    },
  };
  return { exit: await runAction(context, listening, world), expected };
}

function planned(changes: Partial<PlannedRun> = {}): PlannedRun {
  return { plan: ready(), fingerprint: FINGERPRINT, planFile: "/tmp/plan.json", ...changes };
}

function applied(changes: Partial<AppliedRun> = {}): AppliedRun {
  return {
    exit: 0,
    outcome: "applied",
    message: "everything that was planned is done",
    planned: planned(),
    ...changes,
  };
}

const bodies = () => server.comments.map(({ body }) => withoutMarker(body));

describe("mode plan", () => {
  it("writes the summary, the outputs and the comment", async () => {
    const { exit } = await act("plan");
    expect(exit).toBe(0);
    expect(outputs()).toEqual({ outcome: "ready", fingerprint: FINGERPRINT, "plan-file": "/tmp/plan.json" });
    expect(summary()).toContain("**Ready.** 1 step");
    expect(bodies()[0]).toContain("**Ready.** 1 step");
    expect(bodies()[0]).toContain("[run](<https://github.com/acme/pki/actions/runs/42>)");
    expect(readMarker(server.comments[0]?.body ?? "")).toMatchObject({
      scope: "all",
      commit: COMMIT,
      fingerprint: FINGERPRINT,
    });
  });

  it("does nothing on GitHub the second time", async () => {
    await act("plan");
    const before = server.calls.length;
    await act("plan", { env: { GITHUB_RUN_ID: "43" } });
    expect(server.calls.slice(before).filter((call) => !call.startsWith("GET"))).toEqual([]);
    expect(printed).toContain("comment of the plan: unchanged");
  });

  it.each([
    ["a fork, whose token may not write", { env: {}, readOnly: true }],
    ["no token at all", { env: { GITHUB_TOKEN: "" }, readOnly: false }],
  ])("%s: summary only", async (_, { env, readOnly }) => {
    server.readOnly = readOnly;
    const { exit } = await act("plan", { env });
    expect(exit).toBe(0);
    expect(summary()).toContain("**Ready.**");
    expect(server.comments).toEqual([]);
    if (readOnly) expect(printed).toMatch(/^::warning title=capstan::comment of the plan: not written/);
  });

  it("a blocked plan fails the job only where that is asked for", async () => {
    const doors = { plan: async () => planned({ plan: blocked() }) };
    expect((await act("plan", { doors })).exit).toBe(0);
    expect(outputs()["outcome"]).toBe("blocked");
    expect((await act("plan", { doors, env: { CAPSTAN_FAIL_ON: "blocked" } })).exit).toBe(3);
  });

  it("one comment per cluster where each has its own job", async () => {
    await act("plan", { env: { CAPSTAN_CLUSTER: "prod" } });
    await act("plan", { env: { CAPSTAN_CLUSTER: "dev" } });
    expect(server.comments).toHaveLength(2);
  });

  it("an error is told, fails, and takes the plan before it out of date", async () => {
    await act("plan");
    const failure = new Failure("executable", "tctl is not there", { hint: "install ``` it" });
    const doors = {
      plan: async () => {
        throw failure;
      },
    };
    await expect(act("plan", { doors })).rejects.toBe(failure);
    expect(bodies()[0]).toMatch(/^> \[!NOTE\]\n> \*\*Superseded\*\*/);
    expect(summary()).toContain("tctl is not there\n→ install ``` it");
    expect(outputs()["outcome"]).toBe("error");
  });

  it("300 clusters fit the comment and the summary", async () => {
    await act("plan", { doors: { plan: async () => planned({ plan: manyClusters(300, 300) }) } });
    expect(server.comments[0]?.body.length).toBeLessThanOrEqual(65_536);
    expect(Buffer.byteLength(summary())).toBeLessThanOrEqual(1_048_576);
    expect(summary()).not.toContain("Left out");
  });

  it("a summary stays within its bytes, whatever letters it is made of", async () => {
    const changes = Array.from({ length: 40_000 }, () => "名前 変更 された");
    await act("plan", {
      doors: {
        plan: async () =>
          planned({ plan: { ...ready(), base: { commit: COMMIT, connections: [], changes, findings: [] } } }),
      },
    });
    expect(Buffer.byteLength(summary())).toBeLessThanOrEqual(1_048_576);
    expect(summary()).toContain("**Ready.**");
  });
});

describe("a merge queue", () => {
  const queued = { event: "merge_group", payload: { merge_group: MERGE_GROUP } };

  it("expects the plan that the pull request shows, and leaves its comment alone", async () => {
    await act("plan");
    const before = server.comments[0]?.body;
    expect((await act("plan", queued)).expected).toEqual([FINGERPRINT]);
    expect(server.comments.map(({ body }) => body)).toEqual([before]);
  });

  it("has nothing to expect where no plan was shown, and says so", async () => {
    expect((await act("plan", queued)).expected).toEqual([null]);
    expect(printed).toContain("::notice title=capstan::no plan was shown");
  });

  it("a stale plan keeps the comment, which is what was approved", async () => {
    await act("plan");
    const doors = {
      plan: async () => {
        throw new Failure("stale", "the plan is not the one that was approved");
      },
    };
    await expect(act("plan", { ...queued, doors })).rejects.toMatchObject({ code: "stale" });
    expect(bodies()[0]).not.toContain("Superseded");
  });
});

describe("mode apply", () => {
  const pushed = { event: "push", payload: {} };

  beforeEach(() => {
    server.pullsOf.set(COMMIT, [PULL]);
  });

  it("marks the plan of the pull request as applied", async () => {
    await act("plan");
    const { exit, expected } = await act("apply", pushed);
    expect(exit).toBe(0);
    expect(expected).toEqual([null]);
    expect(outputs()).toMatchObject({ outcome: "applied", fingerprint: FINGERPRINT });
    expect(bodies()[0]).toMatch(/^> \[!NOTE\]\n> \*\*Applied\*\* \[by this run\]/);
    expect(summary()).toContain("## capstan apply\n\n**applied**");
  });

  it("marks the plan of every pull request that brought the commit, and of none else", async () => {
    await act("plan");
    await act("plan", { payload: { pull_request: { ...PULL_REQUEST, number: PULL + 1 } } });
    await act("plan", { payload: { pull_request: { ...PULL_REQUEST, number: PULL + 2 } } });
    server.pullsOf.set(COMMIT, [PULL, PULL + 1]);
    await act("apply", pushed);
    expect(bodies().map((body) => body.includes("**Applied**"))).toEqual([true, true, false]);
  });

  it("without the right to write: it is applied, and the summary says so", async () => {
    await act("plan");
    server.readOnly = true;
    expect((await act("apply", pushed)).exit).toBe(0);
    expect(summary()).toContain("## capstan apply\n\n**applied**");
    expect(bodies()[0]).not.toContain("Applied");
    expect(printed).toMatch(/^::warning title=capstan::.*403/m);
  });

  it("passes on how it ended, and does not call it applied", async () => {
    await act("plan");
    const doors = {
      apply: async () => applied({ exit: 4, outcome: "rolled-back", message: "node2 is `stuck`" }),
    };
    expect((await act("apply", { ...pushed, doors })).exit).toBe(4);
    expect(bodies()[0]).not.toContain("Applied");
    expect(summary()).toContain("**rolled-back**\n\n```text\nnode2 is `stuck`\n```");
  });

  it("applies what was reviewed where that is required", async () => {
    await act("plan");
    const env = { CAPSTAN_REQUIRE_PLAN: "true" };
    expect((await act("apply", { ...pushed, env })).expected).toEqual([FINGERPRINT]);
  });

  it.each([
    ["nobody reviewed a plan", {}],
    ["there is no pull request", { commit: "beef" }],
    ["there is no token", { GITHUB_TOKEN: "" }],
  ])("refuses where a plan is required and %s", async (_, { commit, ...env }: Record<string, string>) => {
    const given = {
      CAPSTAN_REQUIRE_PLAN: "true",
      ...(commit === undefined ? {} : { GITHUB_SHA: commit }),
      ...env,
    };
    const run = act("apply", { ...pushed, env: given });
    await expect(run).rejects.toMatchObject({
      code: "stale",
      message: expect.stringContaining("no pull request"),
    });
  });

  it("does not apply when GitHub cannot say what was reviewed", async () => {
    server.fail(/\/pulls\b/, { status: 404, message: "Not Found" });
    const run = act("apply", { ...pushed, env: { CAPSTAN_REQUIRE_PLAN: "true" } });
    await expect(run).rejects.toMatchObject({ code: "denied" });
  });

  it("applies all the same when only the comment cannot be found", async () => {
    server.fail(/\/pulls\b/, { status: 404, message: "Not Found" });
    expect((await act("apply", pushed)).exit).toBe(0);
    expect(printed).toContain("::warning title=capstan::cannot find the pull request");
  });

  it("a fingerprint that is given goes before the comment", async () => {
    await act("plan");
    const env = { CAPSTAN_EXPECT: "sha256:beef", CAPSTAN_REQUIRE_PLAN: "true" };
    expect((await act("apply", { ...pushed, env })).expected).toEqual(["sha256:beef"]);
  });
});

describe("mode drift", () => {
  const scheduled = { event: "schedule", payload: {} };
  const drift = (plan: PlannedRun["plan"]) =>
    act("drift", { ...scheduled, doors: { plan: async () => planned({ plan }) } });

  it("keeps one issue per cluster", async () => {
    expect((await drift(overridesDue())).exit).toBe(0);
    expect(server.issues).toMatchObject([{ state: "open", login: BOT }]);
    expect(withoutMarker(server.issues[0]?.body ?? "")).toMatch(/^## Live is not what git says\n/);
    await drift(nothingToDo());
    expect(server.issues).toMatchObject([{ state: "closed" }]);
    await drift(nothingToDo());
    expect(server.calls.filter((call) => call.startsWith("PATCH"))).toHaveLength(1);
  });

  it("opens none for the clusters that are as git says", async () => {
    await drift(manyClusters(12, 2));
    expect(server.issues.map(({ title }) => title)).toEqual([
      "capstan: edge-000.acme.cluster is not what git says",
      "capstan: edge-001.acme.cluster is not what git says",
    ]);
    expect(server.issues[1]?.body).toContain("**Ready.**");
  });
});

describe("the rim", () => {
  it("nothing that a cluster says starts a workflow command or another output", async () => {
    const text = "x\n::set-env name=PATH::/evil\noutcome=ready\n::error::y";
    await act("plan", { doors: { plan: async () => planned({ plan: hostile(text), planFile: text }) } });
    expect(printed).not.toMatch(/^::(set-env|error)/m);
    expect(Object.keys(outputs())).toEqual(["outcome", "fingerprint", "plan-file"]);
    expect(annotation("error", "a\n::stop::100%")).toBe("::error title=capstan::a%0A::stop::100%25\n");
  });

  it("the token appears nowhere", async () => {
    server.fail(/./, ...Array.from({ length: 20 }, () => ({ status: 401, message: "Bad credentials" })));
    await act("plan");
    expect(printed + summary() + JSON.stringify(outputs())).not.toContain(TOKEN);
  });

  it.each([
    [{ CAPSTAN_REQUIRE_PLAN: "yes" }, 'the input require-plan is "yes"'],
    [{ CAPSTAN_FAIL_ON: "never" }, 'the input fail-on is "never"'],
  ])("a misspelt input is refused: %j", async (env, message) => {
    await expect(act("plan", { env })).rejects.toMatchObject({ code: "usage", message });
    expect(existsSync(join(folder, "summary.md"))).toBe(false);
  });

  it("compares with the base that GitHub names, unless another is given", async () => {
    const base = "beef".repeat(10);
    const file = join(folder, "base.json");
    const of = async (payload: object, env = {}) => {
      writeFileSync(file, JSON.stringify(payload));
      return (await contextOf("plan", { GITHUB_EVENT_PATH: file, ...env })).inputs.base;
    };
    expect(await of({ pull_request: { base: { sha: base } } })).toBe(base);
    expect(await of({ merge_group: { base_sha: base } })).toBe(base);
    expect(await of({ pull_request: { base: { sha: "--upload-pack=evil" } } })).toBeNull();
    expect(await of({ merge_group: { base_sha: base } }, { CAPSTAN_BASE: "origin/main" })).toBe(
      "origin/main",
    );
  });

  it("a mode that is none is refused", async () => {
    await expect(act("destroy")).rejects.toMatchObject({ code: "usage" });
  });
});
