import "../world/in-process.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";
import { GITEA_REPOSITORY, GITEA_TOKEN, GiteaServer } from "./gitea-server.ts";
import { GitLabServer, PROJECT, PROJECT_TOKEN } from "./gitlab-server.ts";

const PULL = 7;

type Variables = Readonly<Record<string, string>>;

interface Pipeline {
  readonly [job: string]: { readonly variables?: Variables; readonly script?: readonly string[] };
}

/** `capstan action` in the environment of another forge's job, through a whole rotation's first step. */
describe("capstan action on GitLab, Gitea and Forgejo", () => {
  let team: Team;
  let gitlab: GitLabServer;
  let gitea: GiteaServer;
  let pipeline: Pipeline;
  /** The clone of the merge request, and of main after the merge. */
  let runner: Repository;
  let base: string;

  beforeAll(async () => {
    pipeline = parse(
      await readFile(join(import.meta.dirname, "..", "..", "fixtures", "gitlab", "gitlab-ci.yml"), "utf8"),
    );
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
      const event = join(team.folder, "event.json");
      await writeFile(
        event,
        JSON.stringify({ pull_request: { number: PULL, base: { sha: base }, head: { sha: base } } }),
      );
      const env = {
        ...mark,
        GITHUB_ACTIONS: "true",
        GITHUB_API_URL: gitea.url,
        GITHUB_EVENT_NAME: "pull_request",
        GITHUB_EVENT_PATH: event,
        GITHUB_REPOSITORY: GITEA_REPOSITORY,
        GITHUB_TOKEN: GITEA_TOKEN,
      };
      const ran = await runner.run(["action", "plan"], env);
      expect(ran.exit, ran.stdout).toBe(0);
      expect(ran.stdout).toContain(`${forge} has no check runs`);
      expect(gitea.comments.at(-1)).toMatchObject({ login: gitea.writer, index: PULL });
    }
  });

  it("GitLab, apply: refused where a plan is required and none is handed over, whatever a note says", async () => {
    await runner.git("push", "--quiet", "origin", "HEAD:main");
    gitlab.change({ iid: PULL, sha: await runner.git("rev-parse", "HEAD") });
    const ran = await gitlabJob("apply", "apply", { ...onMain, INPUT_PLAN_FILE: "" });
    expect(ran.exit).toBe(5);
    expect(ran.stdout).toContain("so nothing there says what was approved");
    expect(ran.stdout).toContain("INPUT_EXPECT, or INPUT_PLAN_FILE");
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
});
