import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitOfPlan } from "../../src/cli/exit-code.ts";
import { Failure } from "../../src/failure.ts";
import { readActionContext } from "../../src/forge/action-context.ts";
import type {
  ActionDoors,
  AppliedRun,
  ApprovalPolicy,
  EndedPlan,
  PlannedRun,
} from "../../src/forge/action-doors.ts";
import { openGitHub } from "../../src/forge/github.ts";
import { annotation } from "../../src/forge/job-log.ts";
import { readMarker, withoutMarker, writeMarker } from "../../src/forge/marker.ts";
import { runAction } from "../../src/forge/run-action.ts";
import type { ClusterProblem } from "../../src/rotation/plan.ts";
import { blocked, hostile, manyClusters, nothingToDo, overridesDue, ready } from "../views/plans.ts";
import { NOW } from "../world/host-rotation.ts";
import { BOT, GitHubServer, REPOSITORY, type StoredPull, TOKEN } from "./github-server.ts";

const PULL = 7;
const COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
/** What reviewers of the pull request look at; merged it is `COMMIT`. */
const HEAD = "beef".repeat(10);
const FINGERPRINT = ready().fingerprint;
const CLUSTERS = ready().clusters.map(({ name, fingerprint }) => `${name}=${fingerprint}`);

const PULL_REQUEST = { number: PULL, head: { sha: HEAD, repo: { full_name: REPOSITORY } } };
const MERGE_GROUP = {
  head_ref: `refs/heads/gh-readonly-queue/main/pr-${PULL}-${COMMIT}`,
  head_sha: COMMIT,
};
const POLICY: ApprovalPolicy = { app: "github-actions", appBefore: "github-actions", required: false };

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
  const context = await readActionContext(mode, {
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: server.url,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_RUN_ID: "42",
    GITHUB_SHA: COMMIT,
    GITHUB_REF: mode === "apply" ? "refs/heads/main" : `refs/pull/${PULL}/merge`,
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: eventFile,
    GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
    GITHUB_OUTPUT: join(folder, "output"),
    ...env,
  });
  const expected: (readonly string[])[] = [];
  const forge =
    context.token === null
      ? null
      : openGitHub({
          forge: context.forge,
          token: context.token,
          apiUrl: context.apiUrl,
          repository: context.repository,
          author: context.inputs.commentAuthor,
          now: () => NOW,
          sleep: async () => {},
          notice: () => {},
        });
  const world = {
    forge,
    print: (text: string) => {
      printed += text;
    },
    annotate: (kind: "notice" | "warning", message: string) => {
      printed += annotation(kind, message);
    },
  };
  const all: ActionDoors = {
    policy: async () => POLICY,
    plan: async () => planned(),
    apply: async () => applied(),
    ...doors,
  };
  const listening: ActionDoors = {
    policy: all.policy,
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

function planned(changes: Partial<PlannedRun> = {}): EndedPlan {
  const made = { plan: ready(), fingerprint: FINGERPRINT, planFile: "/tmp/plan.json", ...changes };
  return { ...made, exit: exitOfPlan(made.plan) };
}

/** The second of two clusters was not read. */
function unread(plan: PlannedRun["plan"], problem: ClusterProblem): PlannedRun["plan"] {
  const clusters = plan.clusters
    .slice(0, 2)
    .map((cluster, index) =>
      index === 0
        ? cluster
        : { ...cluster, fingerprint: null, problem, rotations: [], overrides: [], drift: [] },
    );
  return { ...plan, outcome: "incomplete", verdict: "incomplete", clusters };
}

const NOT_YET: ClusterProblem = {
  code: "not-trusted-yet",
  message: "it would run /tmp/other-tctl",
  remedy: "it is planned after the merge",
};
const UNREACHABLE: ClusterProblem = { code: "executable", message: "tctl hangs", remedy: "look at it" };

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

  it("writes a check run on the reviewed commit, with the fingerprints of the plan and of each cluster", async () => {
    await act("plan");
    const [run, ...others] = server.checkRuns;
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      name: "capstan plan",
      head_sha: HEAD,
      status: "completed",
      conclusion: "success",
      external_id: FINGERPRINT,
    });
    for (const { name, fingerprint } of ready().clusters)
      expect(run?.output.text).toContain(`"${name}": "${fingerprint}"`);
    expect(run?.output.summary).toContain("**Ready.** 1 step");
  });

  it("a plan that is made again takes the place of the one before, on the same commit", async () => {
    await act("plan");
    await act("plan", {
      doors: { plan: async () => planned({ plan: blocked(), fingerprint: blocked().fingerprint }) },
    });
    expect(server.checkRuns).toMatchObject([{ conclusion: "neutral", external_id: blocked().fingerprint }]);
  });

  it("without the right to write check runs it says so, and goes on", async () => {
    server.fail(/POST .*check-runs/, { status: 403, message: "Resource not accessible by integration" });
    expect((await act("plan")).exit).toBe(0);
    expect(printed).toMatch(/^::warning title=capstan::check run of the plan: not written.*403/m);
  });

  it("a token of another app than the one that counts is told", async () => {
    server.app = "pki-planner";
    await act("plan");
    expect(printed).toContain("it is by the app pki-planner, and apply takes one by github-actions only");
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
    if (readOnly) expect(printed).toMatch(/^::warning title=capstan::comment of the plan: not written/m);
    expect(server.checkRuns).toEqual([]);
  });

  it("a blocked plan fails the job only where that is asked for", async () => {
    const doors = { plan: async () => planned({ plan: blocked() }) };
    expect((await act("plan", { doors })).exit).toBe(0);
    expect(outputs()["outcome"]).toBe("blocked");
    expect((await act("plan", { doors, env: { INPUT_FAIL_ON: "blocked" } })).exit).toBe(3);
  });

  it("a cluster that is not trusted before the merge is named everywhere, and fails the job only where that is asked for", async () => {
    const doors = { plan: async () => planned({ plan: unread(manyClusters(2, 2), NOT_YET) }) };
    const { exit } = await act("plan", { doors, env: { INPUT_FAIL_ON: "blocked" } });
    expect(exit).toBe(3);
    expect(server.checkRuns).toMatchObject([{ conclusion: "failure" }]);
    expect((await act("plan", { doors })).exit).toBe(0);
    expect(server.checkRuns.at(-1)).toMatchObject({ conclusion: "neutral" });
    expect(outputs()["outcome"]).toBe("incomplete");
    expect(printed).toMatch(/^::warning title=capstan::edge-001.* was not read: it would run/m);
    for (const text of [summary(), bodies()[0] ?? ""]) {
      expect(text).toContain("**Incomplete.**");
      expect(text).toContain("it would run `/tmp/other-tctl`");
      expect(text).toContain("it is planned after the merge");
    }
  });

  it("a cluster that could not be read fails the job, whatever fails it otherwise; the others are shown", async () => {
    const doors = { plan: async () => planned({ plan: unread(manyClusters(2, 2), UNREACHABLE) }) };
    expect((await act("plan", { doors })).exit).toBe(1);
    expect(bodies()[0]).toContain("edge-000");
    expect(bodies()[0]).toContain("tctl hangs");
    // What is approved of the others stands.
    expect(server.checkRuns).toMatchObject([{ conclusion: "neutral" }]);
  });

  it("one comment per cluster where each has its own job", async () => {
    await act("plan", { env: { INPUT_CLUSTER: "prod" } });
    await act("plan", { env: { INPUT_CLUSTER: "dev" } });
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
    expect(server.checkRuns).toMatchObject([{ conclusion: "failure", external_id: FINGERPRINT }]);
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

  beforeEach(() => {
    server.pull({ number: PULL, head: { sha: HEAD } });
  });

  it("expects the plan that was reviewed, and leaves its comment alone", async () => {
    await act("plan");
    const before = server.comments[0]?.body;
    expect((await act("plan", queued)).expected).toEqual([CLUSTERS]);
    expect(server.comments.map(({ body }) => body)).toEqual([before]);
    expect(server.checkRuns.map(({ head_sha }) => head_sha)).toEqual([HEAD, COMMIT]);
  });

  it("has nothing to expect where no plan was reviewed, and says so", async () => {
    expect((await act("plan", queued)).expected).toEqual([[]]);
    expect(printed).toContain("::notice title=capstan::no plan was reviewed");
  });

  it("is refused where no plan was reviewed and one is required", async () => {
    const doors = { policy: async () => ({ ...POLICY, required: true }) };
    await expect(act("plan", { ...queued, doors })).rejects.toMatchObject({
      code: "stale",
      message: expect.stringContaining("has no check run of github-actions"),
    });
  });

  it("a stale plan keeps the comment, which is what was reviewed", async () => {
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

const pushed = { event: "push", payload: { before: "a".repeat(40) } };
const REQUIRED = { "INPUT_REQUIRE-PLAN": "true" };
const merged = (more: Partial<StoredPull> = {}) =>
  server.pull({
    number: PULL,
    state: "closed",
    merged_at: "2026-11-29T15:00:00Z",
    merge_commit_sha: COMMIT,
    head: { sha: HEAD },
    ...more,
  });

describe("mode apply", () => {
  beforeEach(() => {
    merged();
  });

  it("marks the plan of the pull request as applied", async () => {
    await act("plan");
    const { exit, expected } = await act("apply", pushed);
    expect(exit).toBe(0);
    expect(expected).toEqual([[]]);
    expect(outputs()).toMatchObject({ outcome: "applied", fingerprint: FINGERPRINT });
    expect(bodies()[0]).toMatch(/^> \[!NOTE\]\n> \*\*Applied\*\* \[by this run\]/);
    expect(summary()).toContain("## capstan apply\n\n**applied**");
  });

  it("marks the plan of the pull request that was merged into this branch, and of none else", async () => {
    await act("plan");
    await act("plan", { payload: { pull_request: { ...PULL_REQUEST, number: PULL + 1 } } });
    server.pull({ number: PULL + 1, base: { ref: "prod" }, head: { sha: HEAD } });
    server.listedToo.set(COMMIT, [PULL + 1]);
    await act("apply", pushed);
    expect(bodies().map((body) => body.includes("**Applied**"))).toEqual([true, false]);
  });

  it("without the right to write comments: it is applied, and says so", async () => {
    await act("plan");
    server.readOnly = true;
    expect((await act("apply", { ...pushed, env: REQUIRED })).exit).toBe(0);
    expect(summary()).toContain("## capstan apply\n\n**applied**");
    expect(bodies()[0]).not.toContain("Applied");
    expect(printed).toContain("not marked as applied, which takes pull-requests: write");
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

  it("does not apply when GitHub cannot say what was reviewed", async () => {
    server.fail(/\/pulls\b/, { status: 404, message: "Not Found" });
    await expect(act("apply", { ...pushed, env: REQUIRED })).rejects.toMatchObject({ code: "denied" });
    await act("plan");
    server.fail(/\/check-runs\b/, { status: 403, message: "Resource not accessible by integration" });
    await expect(act("apply", { ...pushed, env: REQUIRED })).rejects.toMatchObject({ code: "denied" });
  });

  it("applies all the same when nothing is required and only the comment cannot be found", async () => {
    server.fail(/\/pulls\b/, { status: 404, message: "Not Found" });
    expect((await act("apply", pushed)).exit).toBe(0);
    expect(printed).toContain("::notice title=capstan::cannot find the pull request");
  });

  it.each([
    ["one", "sha256:beef", ["sha256:beef"]],
    ["several", "a=sha256:beef b=sha256:cafe", ["a=sha256:beef", "b=sha256:cafe"]],
  ])("%s fingerprint that is given goes before what was reviewed", async (_, given, expected) => {
    const env = { INPUT_EXPECT: given, ...REQUIRED };
    expect((await act("apply", { ...pushed, env })).expected).toEqual([expected]);
  });

  it("a plan file is an approval, too", async () => {
    const env = { "INPUT_PLAN-FILE": "plan.json", ...REQUIRED };
    expect((await act("apply", { ...pushed, env })).expected).toEqual([[]]);
  });
});

describe("who may approve: the check run of the very commit that was reviewed", () => {
  const apply = async (doors: Partial<ActionDoors> = {}) =>
    (await act("apply", { ...pushed, env: REQUIRED, doors })).expected;
  const OTHER_HEAD = "dead".repeat(10);
  const other = nothingToDo();
  /** Writes the plan of a pull request as the workflow does. */
  const plannedOn = (number: number, sha: string, plan = ready()) =>
    act("plan", {
      payload: { pull_request: { ...PULL_REQUEST, number, head: { sha } } },
      doors: { plan: async () => planned({ plan, fingerprint: plan.fingerprint }) },
    });

  it.each<[string, Partial<StoredPull>]>([
    ["squashed or as a merge commit", { merge_commit_sha: COMMIT }],
    ["pushed as it is", { merge_commit_sha: null, head: { sha: COMMIT } }],
  ])("a pull request that was merged %s", async (_, more) => {
    merged(more);
    await plannedOn(PULL, more.head?.sha ?? HEAD);
    expect(await apply()).toEqual([CLUSTERS]);
  });

  it("a merge group, whose own plan was compared with the reviewed one", async () => {
    merged();
    await plannedOn(PULL, HEAD);
    await act("plan", { event: "merge_group", payload: { merge_group: MERGE_GROUP } });
    expect(await apply()).toEqual([CLUSTERS]);
  });

  it("a merge group that was compared with nothing approves nothing", async () => {
    merged();
    await act("plan", { event: "merge_group", payload: { merge_group: MERGE_GROUP } });
    await expect(apply()).rejects.toMatchObject({
      code: "stale",
      message: expect.stringContaining("was not compared with one that was reviewed"),
    });
  });

  it("is found among hundreds of other check runs", async () => {
    merged();
    for (let count = 0; count < 250; count += 1)
      server.checkRun({ head_sha: HEAD, name: "capstan plan", app: { slug: `app-${count}` } });
    await plannedOn(PULL, HEAD);
    expect(await apply()).toEqual([CLUSTERS]);
  });

  it("the repository can require it, also by what it was before the merge", async () => {
    merged();
    const doors = { policy: async () => ({ ...POLICY, required: true }) };
    await expect(act("apply", { ...pushed, doors })).rejects.toMatchObject({ code: "stale" });
    await plannedOn(PULL, HEAD);
    expect((await act("apply", { ...pushed, doors })).expected).toEqual([CLUSTERS]);
  });

  const forged = () => {
    const marker = {
      v: 1,
      kind: "plan",
      scope: "all",
      commit: HEAD,
      fingerprint: FINGERPRINT,
      state: "current",
    } as const;
    return `${writeMarker(marker)}**Ready.**`;
  };
  const attacks: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    [
      "a comment of the bot that somebody edited",
      async () => server.comment(PULL, forged(), BOT),
      "has no check run",
    ],
    [
      "a comment of a person that begins with the marker",
      async () => server.comment(PULL, forged(), "mallory"),
      "has no check run",
    ],
    [
      "a second pull request with the same commit, into another branch",
      async () => {
        server.pull({ number: 57, base: { ref: "prod" }, head: { sha: OTHER_HEAD } });
        server.listedToo.set(COMMIT, [57]);
        await plannedOn(57, OTHER_HEAD);
      },
      "has no check run",
    ],
    [
      "a second pull request with the same commit, open",
      async () => {
        server.pull({ number: 57, head: { sha: OTHER_HEAD } });
        server.listedToo.set(COMMIT, [57]);
        await plannedOn(57, OTHER_HEAD);
      },
      "has no check run",
    ],
    [
      "a second pull request that was merged as the same commit",
      async () => {
        merged({ number: 57, head: { sha: OTHER_HEAD } });
        await plannedOn(57, OTHER_HEAD);
      },
      "by several pull requests",
    ],
    [
      "a pull request that was never merged",
      async () => {
        merged({ merged_at: null, state: "open" });
        await plannedOn(PULL, HEAD);
      },
      "no pull request was merged into main",
    ],
    [
      "a check run by another app",
      async () => {
        server.app = "mallory-ci";
        await plannedOn(PULL, HEAD);
        server.app = "github-actions";
      },
      "has no check run",
    ],
    ["a check run of another head", () => plannedOn(PULL, OTHER_HEAD), "has no check run"],
    [
      "a check run whose name was edited",
      async () => {
        await plannedOn(PULL, HEAD);
        for (const run of server.checkRuns) run.name = "capstan plan (prod)";
      },
      "has no check run",
    ],
    [
      "a check run of another job that was given the name",
      async () => {
        await plannedOn(PULL, HEAD);
        server.checkRun({ head_sha: HEAD, external_id: FINGERPRINT });
      },
      "there are 2 check runs",
    ],
    [
      "a check run that any job may make, without a plan",
      async () => server.checkRun({ head_sha: HEAD }),
      "holds no plan that capstan wrote",
    ],
    [
      "a check run whose fingerprint is not that of its clusters",
      async () => {
        await plannedOn(PULL, HEAD, other);
        for (const run of server.checkRuns) {
          run.external_id = FINGERPRINT;
          run.output.text = (run.output.text ?? "").replace(other.fingerprint, FINGERPRINT);
        }
      },
      "holds no plan that capstan wrote",
    ],
    [
      "a check run that failed",
      async () => {
        await plannedOn(PULL, HEAD);
        for (const run of server.checkRuns) run.conclusion = "failure";
      },
      "ended as failure",
    ],
    [
      "a check run that is not over",
      async () => {
        await plannedOn(PULL, HEAD);
        for (const run of server.checkRuns) run.status = "in_progress";
      },
      "ended as not at all",
    ],
    [
      "a check run of one cluster for all of them",
      async () => {
        await act("plan", { env: { INPUT_CLUSTER: "prod" } });
        for (const run of server.checkRuns) run.name = "capstan plan";
      },
      "holds no plan that capstan wrote",
    ],
  ];

  it.each(attacks)("is not %s", async (_what, attack, said) => {
    merged();
    await attack();
    await expect(apply()).rejects.toMatchObject({ code: "stale", message: expect.stringContaining(said) });
  });

  it("an older fingerprint is that of the newest plan of this commit, and no other", async () => {
    merged();
    await plannedOn(PULL, HEAD, other);
    await plannedOn(PULL, HEAD);
    expect(server.checkRuns).toHaveLength(1);
    expect(await apply()).toEqual([CLUSTERS]);
  });

  it("a merge that changes whose check run counts is approved by neither", async () => {
    merged();
    await plannedOn(PULL, HEAD);
    const policy = async () => ({ ...POLICY, appBefore: "pki-planner" });
    await expect(apply({ policy })).rejects.toMatchObject({
      message: expect.stringContaining("from pki-planner to github-actions"),
    });
  });

  it("an app of one's own is one that whoever writes a workflow has not", async () => {
    merged();
    const policy = async () => ({ ...POLICY, app: "pki-planner", appBefore: "pki-planner" });
    await plannedOn(PULL, HEAD);
    await expect(apply({ policy })).rejects.toMatchObject({
      message: expect.stringContaining("of pki-planner"),
    });
    server.app = "pki-planner";
    await act("plan", { doors: { policy } });
    expect(await apply({ policy })).toEqual([CLUSTERS]);
  });

  it.each([
    ["there is no pull request", { GITHUB_SHA: "f".repeat(40) }, "no pull request was merged"],
    ["there is no token", { GITHUB_TOKEN: "" }, "without a token"],
    ["the run is of no branch", { GITHUB_REF: "refs/tags/v1" }, "is of no branch"],
  ])("is required and %s: refused", async (_, env, said) => {
    merged();
    await plannedOn(PULL, HEAD);
    const run = act("apply", { ...pushed, env: { ...REQUIRED, ...env } });
    await expect(run).rejects.toMatchObject({ code: "stale", message: expect.stringContaining(said) });
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
    expect(server.issues[1]?.body).toContain("**Ready, to the point of no return.**");
  });

  it("leaves the issue of a cluster that could not be read as it is, and fails", async () => {
    await drift(manyClusters(2, 2));
    expect(server.issues).toHaveLength(2);
    expect((await drift(unread(manyClusters(2, 2), UNREACHABLE))).exit).toBe(1);
    expect(server.issues).toMatchObject([{ state: "open" }, { state: "open" }]);
    expect(printed).toContain("was not read: tctl hangs");
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
    [{ INPUT_REQUIRE_PLAN: "yes" }, 'the input require-plan is "yes"'],
    [{ INPUT_FAIL_ON: "never" }, 'the input fail-on is "never"'],
  ])("a misspelt input is refused: %j", async (env, message) => {
    await expect(act("plan", { env })).rejects.toMatchObject({ code: "usage", message });
    expect(existsSync(join(folder, "summary.md"))).toBe(false);
  });

  it("compares with the base that GitHub names, unless another is given", async () => {
    const base = "beef".repeat(10);
    const file = join(folder, "base.json");
    const of = async (payload: object, env = {}) => {
      writeFileSync(file, JSON.stringify(payload));
      return (await readActionContext("plan", { GITHUB_EVENT_PATH: file, ...env })).inputs.base;
    };
    expect(await of({ pull_request: { base: { sha: base } } })).toBe(base);
    expect(await of({ merge_group: { base_sha: base } })).toBe(base);
    expect(await of({ pull_request: { base: { sha: "--upload-pack=evil" } } })).toBeNull();
    expect(await of({ merge_group: { base_sha: base } }, { INPUT_BASE: "origin/main" })).toBe("origin/main");
  });

  it("a mode that is none is refused", async () => {
    await expect(act("destroy")).rejects.toMatchObject({ code: "usage" });
  });
});
