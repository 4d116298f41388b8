import "../world/in-process.ts";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DEVELOPMENT_ACTION, writeAction } from "../../delivery/action-tree.ts";
import type { Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";
import { GitHubServer, REPOSITORY, TOKEN } from "./github-server.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PULL = 7;

type Inputs = Readonly<Record<string, string>>;

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
}

interface Released extends Action {
  readonly runs: { readonly using: string; readonly main: string };
}

interface Composite extends Action {
  readonly runs: { readonly steps: readonly { readonly run?: string; readonly env?: Inputs }[] };
}

/** What the runner makes of `with:`: every input that the action declares, by the name that it declares. */
function valuesOf({ inputs }: Action, given: Inputs): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(inputs).map(([name, { default: standard = "" }]) => {
      const value = given[name] ?? standard;
      return [name, value.includes("github.token") ? TOKEN : value];
    }),
  );
}

/** The released action, started as the runner does; its one step of the sources, where that is asked for. */
describe("the action as a runner runs it", () => {
  let team: Team;
  let server: GitHubServer;
  let released: Released;
  let composite: Composite;
  /** The release's commit, as the runner unpacks it. */
  let tree: string;
  /** The clone of the pull request, and of main after the merge. */
  let runner: Repository;
  let base: string;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "capstan-action-"));
    await writeAction(tree);
    released = parse(await readFile(join(tree, "action.yml"), "utf8"));
    composite = parse(await readFile(join(ROOT, DEVELOPMENT_ACTION), "utf8"));
    server = new GitHubServer();
    await server.start();
    team = await Team.create();
    base = await team.home.git("rev-parse", "HEAD");
    runner = await team.machine();
    await runner.rotate("start", "host", "--name=host-2026-11");
  });
  afterAll(async () => {
    await server.stop();
    await team.remove();
    await rm(tree, { recursive: true });
  });

  interface Started {
    readonly argv: readonly [string, ...string[]];
    readonly env: Inputs;
  }

  /** `using: node24` with its `main`. */
  function file(inputs: Inputs): Started {
    expect(released.runs.using).toBe("node24");
    const given = [...valuesOf(released, inputs)];
    return {
      argv: [process.execPath, join(tree, released.runs.main)],
      env: Object.fromEntries(given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    };
  }

  /** The last step, by a shell. */
  function step(inputs: Inputs): Started {
    const values = valuesOf(composite, inputs);
    const last = composite.runs.steps.at(-1);
    const given = Object.entries(last?.env ?? {}).map(([name, expression]) => {
      const input = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(expression)?.[1] ?? "";
      return [name, values.get(input) ?? ""] as const;
    });
    return {
      argv: ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", last?.run ?? ""],
      env: {
        ...Object.fromEntries(given),
        GITHUB_ACTION_PATH: join(ROOT, dirname(DEVELOPMENT_ACTION)),
      },
    };
  }

  async function act(
    event: string,
    payload: object,
    inputs: Inputs,
    started: (inputs: Inputs) => Started = file,
  ): Promise<{ exit: number; log: string; summary: string; outputs: Inputs }> {
    const place = (name: string) => join(team.folder, name);
    await writeFile(place("event.json"), JSON.stringify(payload));
    await writeFile(place("summary.md"), "");
    await writeFile(place("output"), "");
    const {
      argv: [executable, ...argv],
      env,
    } = started(inputs);
    const ran = await execa(executable, argv, {
      cwd: runner.folder,
      reject: false,
      all: true,
      env: {
        ...env,
        CI: "true",
        GITHUB_ACTIONS: "true",
        GITHUB_ACTOR: "octocat",
        GITHUB_API_URL: server.url,
        GITHUB_EVENT_NAME: event,
        GITHUB_EVENT_PATH: place("event.json"),
        GITHUB_OUTPUT: place("output"),
        GITHUB_REF: event === "pull_request" ? `refs/pull/${PULL}/merge` : "refs/heads/main",
        GITHUB_REPOSITORY: REPOSITORY,
        GITHUB_RUN_ID: "4711",
        GITHUB_SERVER_URL: "https://github.example",
        GITHUB_SHA: await runner.git("rev-parse", "HEAD"),
        GITHUB_STEP_SUMMARY: place("summary.md"),
        GITHUB_WORKSPACE: runner.folder,
      },
    });
    const said = await readFile(place("output"), "utf8");
    const pairs = [...said.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n\2\n/gm)];
    return {
      exit: ran.exitCode ?? -1,
      log: ran.all ?? "",
      summary: await readFile(place("summary.md"), "utf8"),
      outputs: Object.fromEntries(pairs.map(([, name, , value]) => [name, value ?? ""])),
    };
  }

  /** The commit that reviewers look at; GitHub's own merge of it is what is checked out. */
  const HEAD = "beef".repeat(10);
  const pullRequest = () => ({
    pull_request: { number: PULL, base: { sha: base }, head: { sha: HEAD, repo: { full_name: REPOSITORY } } },
  });
  const rotations = async () => (await team.home.calls()).filter((argv) => argv[1] === "rotate");

  it("plan of a fork, whose token may only read: the summary has it all", async () => {
    server.readOnly = true;
    const fork = { number: PULL, base: { sha: base }, head: { repo: { full_name: "mallory/pki" } } };
    const ran = await act("pull_request", { pull_request: fork }, { mode: "plan" });
    server.readOnly = false;
    expect(ran.exit).toBe(0);
    expect(ran.summary).toContain("**Ready.** 1 step");
    expect(ran.log).toMatch(/^::warning title=capstan::comment of the plan: not written/m);
    expect(server.comments).toEqual([]);
  });

  it("plan: a comment with what changes in git and what apply would do", async () => {
    const ran = await act("pull_request", pullRequest(), {
      mode: "plan",
      "plan-file": join(team.folder, "plan.json"),
    });
    expect(ran.exit, ran.log).toBe(0);
    expect(ran.outputs).toMatchObject({ outcome: "ready", "plan-file": join(team.folder, "plan.json") });
    expect(ran.outputs["fingerprint"]).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(server.comments).toHaveLength(1);
    const body = server.comments[0]?.body ?? "";
    for (const text of [
      "**Ready.** 1 step; every guard passes.",
      "rotation `host-2026-11` is added, at init",
      "+  phase: init",
      ran.outputs["fingerprint"] ?? "?",
      "https://github.example/acme/pki/actions/runs/4711",
    ])
      expect(body).toContain(text);
    expect(ran.summary).toContain("**Ready.**");
    expect(ran.log).not.toContain(TOKEN);
    expect(JSON.parse(await readFile(join(team.folder, "plan.json"), "utf8")).fingerprint).toBe(
      ran.outputs["fingerprint"],
    );
  });

  it("plan again: nothing is written where nothing moved", async () => {
    const before = server.calls.length;
    expect((await act("pull_request", pullRequest(), { mode: "plan" })).exit).toBe(0);
    expect(server.calls.slice(before).filter((call) => !call.startsWith("GET "))).toEqual([]);
  });

  it("apply of a commit that was not merged: refused, and said in the summary", async () => {
    const ran = await act("push", {}, { mode: "apply" });
    expect(ran.exit).toBe(1);
    expect(ran.summary).toContain("is not on main of origin");
    expect(ran.outputs["outcome"]).toBe("error");
    expect(await rotations()).toEqual([]);
  });

  it("apply of what nobody reviewed: refused where that is required", async () => {
    await runner.git("push", "--quiet", "origin", "HEAD:main");
    const ran = await act("push", {}, { mode: "apply", "require-plan": "true" });
    expect(ran.exit).toBe(5);
    expect(ran.summary).toContain("no pull request was merged into main");
    expect(await rotations()).toEqual([]);
  });

  it("apply: the plan that was reviewed, and the comment says so", async () => {
    server.pull({
      number: PULL,
      state: "closed",
      merged_at: "2026-11-29T15:00:00Z",
      merge_commit_sha: await runner.git("rev-parse", "HEAD"),
      head: { sha: HEAD },
    });
    const ran = await act("push", {}, { mode: "apply", "require-plan": "true" });
    expect(ran.exit, ran.log).toBe(0);
    expect(ran.outputs["outcome"]).toBe("applied");
    expect(ran.summary).toContain("**applied**");
    expect(server.comments[0]?.body).toContain("> **Applied** [by this run]");
    expect(await rotations()).toHaveLength(1);
  });

  it("apply again: the cluster is not what reviewers saw any more, exit 5", async () => {
    const ran = await act("push", {}, { mode: "apply", "require-plan": "true" });
    expect(ran.exit).toBe(5);
    expect(ran.summary).toContain("is not as it was approved");
    expect(await rotations()).toHaveLength(1);
  });

  it("drift: no issue while live is what git says; one when a hand moved it, by the action of the sources", async () => {
    expect((await act("schedule", {}, { mode: "drift" })).exit).toBe(0);
    expect(server.issues).toEqual([]);
    const byHand = ["auth", "rotate", "--type", "host", "--manual", "--phase", "rollback"];
    expect((await team.home.tctl(...byHand)).exit).toBe(0);
    const ran = await act("schedule", {}, { mode: "drift" }, step);
    expect(ran.exit, ran.log).toBe(0);
    expect(server.issues.map(({ title }) => title)).toEqual(["capstan: acme.cluster is not what git says"]);
  });

  it("an input that is misspelt: exit 1, with the choices", async () => {
    const ran = await act("push", {}, { mode: "apply", "require-plan": "yes" });
    expect(ran.exit).toBe(1);
    expect(ran.log).toContain('the input require-plan is "yes"');
  });
});
