import "../world/in-process.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { flat } from "../world/flat.ts";
import type { Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";
import { GITEA_REPOSITORY, GITEA_TOKEN, GiteaServer } from "./gitea-server.ts";
import { GitLabServer, PROJECT, PROJECT_TOKEN } from "./gitlab-server.ts";

const PULL = 7;

type Variables = Readonly<Record<string, string>>;

interface GiteaWorkflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly env?: Variables }[] }>
  >;
}

interface Pipeline {
  readonly [job: string]: { readonly variables?: Variables; readonly script?: readonly string[] };
}

interface GiteaEvent {
  readonly payload?: object;
  readonly inputs?: Variables;
  /** By which the runner is told from GitHub's. */
  readonly mark?: Variables;
}

/** `capstan action` in the environment of another forge's job, through a whole rotation's first step. */
describe("capstan action on GitLab, Gitea and Forgejo", () => {
  let team: Team;
  let gitlab: GitLabServer;
  let gitea: GiteaServer;
  let pipeline: Pipeline;
  let workflow: GiteaWorkflow;
  /** The clone of the merge request, and of main after the merge. */
  let runner: Repository;
  let base: string;

  beforeAll(async () => {
    const fixture = async (...path: readonly string[]) =>
      parse(await readFile(join(import.meta.dirname, "..", "..", "fixtures", ...path), "utf8"));
    pipeline = await fixture("gitlab", "gitlab-ci.yml");
    workflow = await fixture("gitea", "capstan.yml");
    gitlab = new GitLabServer();
    gitea = new GiteaServer();
    await Promise.all([gitlab.start(), gitea.start()]);
    team = await Team.create();
    base = await team.home.git("rev-parse", "HEAD");
    runner = await team.machine();
    await runner.rotate("start", "host", "--name=host-2026-11");
  });
  afterAll(async () => {
    await Promise.all([gitlab.stop(), gitea.stop()]);
    await team.remove();
  });

  const rotations = async () => (await team.home.calls()).filter((argv) => argv[1] === "rotate");

  /** A job of the pipeline that the fixture has, with the variables that GitLab sets. */
  async function gitlabJob(job: string, mode: string, more: Variables = {}) {
    expect(pipeline[job]?.script).toContain(`capstan action ${mode}`);
    const env = {
      GITLAB_CI: "true",
      GITLAB_TOKEN: PROJECT_TOKEN,
      CI_API_V4_URL: gitlab.url,
      CI_PROJECT_ID: PROJECT,
      CI_COMMIT_SHA: await runner.git("rev-parse", "HEAD"),
      CI_JOB_URL: "https://gitlab.example/acme/pki/-/jobs/42",
      ...pipeline[job]?.variables,
      ...more,
    };
    return await runner.run(["action", mode], env);
  }
  /** A job of the workflow that the fixture has, with the variables that the runners of Gitea and Forgejo set. */
  async function giteaJob(
    job: string,
    event: string,
    { payload = {}, inputs = {}, mark = { GITEA_ACTIONS: "true" } }: GiteaEvent = {},
  ) {
    const step = workflow.jobs[job]?.steps.find(({ run }) => run === `capstan action ${job}`);
    expect(step).toBeDefined();
    const values: Variables = { "github.token": GITEA_TOKEN, ...inputs };
    const given = Object.entries(step?.env ?? {}).map(([name, value]) => [
      name,
      value.replace(
        /^\$\{\{ ([\w.-]+)(?: \|\| (\w+))? \}\}$/,
        (_, key, otherwise = "") => values[key] ?? otherwise,
      ),
    ]);
    const file = join(team.folder, "event.json");
    await writeFile(file, JSON.stringify(payload));
    const env = {
      ...mark,
      GITHUB_ACTIONS: "true",
      GITHUB_API_URL: gitea.url,
      GITHUB_EVENT_NAME: event,
      GITHUB_EVENT_PATH: file,
      GITHUB_REF: event === "pull_request" ? `refs/pull/${PULL}/merge` : "refs/heads/main",
      GITHUB_REPOSITORY: GITEA_REPOSITORY,
      GITHUB_SHA: await runner.git("rev-parse", "HEAD"),
      ...Object.fromEntries(given),
      TELEPORT_IDENTITY_FILE: "",
    };
    return await runner.run(["action", job], env);
  }
  const mergeRequest = () => ({
    CI_PIPELINE_SOURCE: "merge_request_event",
    CI_MERGE_REQUEST_IID: String(PULL),
    CI_MERGE_REQUEST_PROJECT_ID: PROJECT,
    CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
  });
  const onMain = { CI_COMMIT_BRANCH: "main", CI_PIPELINE_SOURCE: "push" };

  it("GitLab, plan: a note with what changes and what apply would do, and no command for a runner", async () => {
    const ran = await gitlabJob("plan", "plan", mergeRequest());
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stdout).toContain("comment of the plan: created");
    expect(ran.stdout).toContain("GitLab has no check runs that one app alone can write");
    expect(ran.stdout).not.toContain("::");
    const [note, ...others] = gitlab.notes;
    expect(others).toEqual([]);
    for (const text of ["**Ready.** 1 step", "+  phase: init", "https://gitlab.example/acme/pki/-/jobs/42"])
      expect(note?.body).toContain(text);
    expect(JSON.parse(await readFile(join(runner.folder, "plan.json"), "utf8")).fingerprint).toMatch(
      /^sha256:/,
    );
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(PROJECT_TOKEN);
  });

  it("GitLab, plan without a token of the project: all of it in the log, and why there is no note", async () => {
    const ran = await gitlabJob("plan", "plan", { ...mergeRequest(), GITLAB_TOKEN: "" });
    expect(ran.exit).toBe(0);
    expect(ran.stdout).toContain("capstan: notice: GITLAB_TOKEN is not set");
    expect(ran.stdout).toContain("Ready. 1 step");
  });

  it("GitLab, a merge request without a commit to compare it with: refused before anything is read", async () => {
    const ran = await gitlabJob("plan", "plan", { ...mergeRequest(), CI_MERGE_REQUEST_DIFF_BASE_SHA: "" });
    expect(ran.exit).toBe(1);
    expect(ran.stdout).toContain("GitLab says of merge request 7 no commit to compare it with");
  });

  it("Gitea and Forgejo, plan: told from GitHub by what their runners set beside GitHub's variables", async () => {
    for (const [mark, forge] of [
      [{ GITEA_ACTIONS: "true" }, "Gitea"],
      [{ GITEA_ACTIONS: "true", FORGEJO_ACTIONS: "true" }, "Forgejo"],
    ] as const) {
      gitea.writer = `${forge.toLowerCase()}-actions`;
      const payload = { pull_request: { number: PULL, base: { sha: base }, head: { sha: base } } };
      const ran = await giteaJob("plan", "pull_request", { payload, mark });
      expect(ran.exit, ran.stdout).toBe(0);
      expect(ran.stdout).toContain(`${forge} has no check runs`);
      expect(gitea.comments.at(-1)).toMatchObject({ login: gitea.writer, index: PULL });
    }
  });

  it("GitLab, plan in a merge train: refused, as nothing there says what was reviewed; the note stays", async () => {
    const train = { ...mergeRequest(), CI_MERGE_REQUEST_EVENT_TYPE: "merge_train" };
    const before = gitlab.notes.map(({ body }) => body);
    const required = await gitlabJob("plan", "plan", { ...train, INPUT_REQUIRE_PLAN: "true" });
    expect(required.exit).toBe(5);
    expect(flat(required.stdout)).toContain("so nothing there says what was approved");
    const free = await gitlabJob("plan", "plan", train);
    expect(free.exit, free.stdout).toBe(0);
    expect(free.stdout).toContain("there is nothing to compare with");
    expect(gitlab.notes.map(({ body }) => body)).toEqual(before);
  });

  it("Gitea, apply by hand: refused without the fingerprint of a plan, and with another one", async () => {
    await runner.git("push", "--quiet", "origin", "HEAD:main");
    const none = await giteaJob("apply", "workflow_dispatch");
    expect(none.exit).toBe(5);
    expect(flat(none.stdout)).toContain("INPUT_EXPECT, or INPUT_PLAN_FILE");
    const other = await giteaJob("apply", "workflow_dispatch", {
      inputs: { "inputs.expect": `sha256:${"0".repeat(64)}` },
    });
    expect(other.exit).toBe(5);
    expect(other.stdout).toContain("the plan is not the one that was approved");
    expect(await rotations()).toEqual([]);
  });

  it("GitLab, apply: refused where a plan is required and none is handed over, whatever a note says", async () => {
    await runner.git("push", "--quiet", "origin", "HEAD:main");
    gitlab.change({ iid: PULL, sha: await runner.git("rev-parse", "HEAD") });
    const ran = await gitlabJob("apply", "apply", { ...onMain, INPUT_PLAN_FILE: "" });
    expect(ran.exit).toBe(5);
    expect(flat(ran.stdout)).toContain("so nothing there says what was approved");
    expect(flat(ran.stdout)).toContain("INPUT_EXPECT, or INPUT_PLAN_FILE");
    expect(await rotations()).toEqual([]);
  });

  it("GitLab, apply: the plan file of the pipeline, and the note says so", async () => {
    expect((await gitlabJob("plan", "plan", onMain)).exit).toBe(0);
    const ran = await gitlabJob("apply", "apply", onMain);
    expect(ran.exit, ran.stdout).toBe(0);
    expect(await rotations()).toHaveLength(1);
    expect(ran.stdout).toContain("plan of merge request 7: updated");
    expect(gitlab.notes[0]?.body).toContain("> **Applied** [by this run]");
  });

  it("GitLab, apply again: the cluster is not what the plan was made of, exit 5", async () => {
    const ran = await gitlabJob("apply", "apply", onMain);
    expect(ran.exit).toBe(5);
    expect(await rotations()).toHaveLength(1);
  });

  it("GitLab, drift: an issue when a hand moved the cluster", async () => {
    const byHand = ["auth", "rotate", "--type", "host", "--manual", "--phase", "rollback"];
    expect((await team.home.tctl(...byHand)).exit).toBe(0);
    const ran = await gitlabJob("drift", "drift", { CI_PIPELINE_SOURCE: "schedule" });
    expect(ran.exit, ran.stdout).toBe(0);
    expect(gitlab.issues.map(({ title }) => title)).toEqual(["capstan: acme.cluster is not what git says"]);
  });

  it("Gitea, drift: an issue there, too", async () => {
    const ran = await giteaJob("drift", "schedule");
    expect(ran.exit, ran.stdout).toBe(0);
    expect(gitea.issues.map(({ title }) => title)).toEqual(["capstan: acme.cluster is not what git says"]);
  });
});
