import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CommandRow } from "../../src/cli/commands/command-row.ts";
import { COMMANDS, GROUPS } from "../../src/cli/commands/command-table.ts";
import { programOf } from "../../src/cli/commands/program.ts";
import type { Flag } from "../../src/flag.ts";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";

const ROWS: readonly CommandRow[] = COMMANDS;

/** The name of the command that a line runs, its arguments and its flags. */
async function read(line: string, env: Record<string, string> = {}) {
  const argv = (line.match(/"[^"]*"|\S+/g) ?? []).slice(1).map((word) => word.replaceAll('"', ""));
  const printed: string[] = [];
  const stream = { columns: 80, write: (text: string) => printed.push(text) > 0 };
  let ran: readonly unknown[] = [];
  await programOf(ROWS, argv, "1", { stdout: stream, stderr: stream, env }, async ({ name }, given) => {
    ran = [name, ...given];
  }).parseAsync(argv, { from: "user" });
  return ran;
}

describe("the table of commands", () => {
  it.each(ROWS.flatMap(({ name, examples }) => examples.map((line) => [line, name])))(
    "%s is a line of %s",
    async (line, name) => {
      expect((await read(line))[0]).toBe(name);
    },
  );

  it.each(ROWS.map((row) => [row.name, row] as const))("%s says all there is to say of it", (_, row) => {
    expect(row.examples.length).toBeGreaterThan(0);
    expect(row.exits).toEqual(expect.arrayContaining(["ok", "error"]));
    for (const { says } of [...row.arguments, ...Object.values(row.flags)]) expect(says).not.toBe("");
  });

  it("has a summary for the first word of every command of two", () => {
    const first = ROWS.flatMap(({ name }) => (name.includes(" ") ? name.split(" ").slice(0, 1) : []));
    expect(GROUPS.map(({ name }) => name)).toEqual([...new Set(first)]);
  });

  it("gives a handler what the row names: words, then values by their kind", async () => {
    const line = "capstan reconcile infra --interval 5m --approve-final --approve-final=a/b --no-color";
    const [name, folder, flags] = await read(line);
    expect([name, folder]).toEqual(["reconcile", "infra"]);
    expect(flags).toEqual({
      directory: ".",
      format: "text",
      color: false,
      interval: 300_000,
      parallel: 10,
      approveFinal: ["", "a/b"],
    });
  });
});

describe("environment variables of flags", () => {
  const env = {
    CAPSTAN_CLUSTER: "a.cluster, b.cluster",
    CAPSTAN_SELECTOR: "ring=canary",
    CAPSTAN_FORMAT: "json",
  };

  it("stand for what is not typed", async () => {
    const [, , flags] = await read("capstan plan", env);
    expect(flags).toMatchObject({
      cluster: ["a.cluster", "b.cluster"],
      selector: ["ring=canary"],
      format: "json",
    });
  });

  it("count for nothing beside what is typed, and empty ones for nothing at all", async () => {
    const [, , typed] = await read("capstan plan --cluster c.cluster --format text", env);
    expect(typed).toMatchObject({ cluster: ["c.cluster"], selector: ["ring=canary"], format: "text" });
    const [, , none] = await read("capstan plan", { CAPSTAN_CLUSTER: " ", CAPSTAN_FORMAT: "" });
    expect(none).toEqual({ directory: ".", format: "text", color: true });
  });

  it("are refused by name where the flag would not take them", async () => {
    const ran = read("capstan apply", { CAPSTAN_FORMAT: "yaml" });
    await expect(ran).rejects.toMatchObject({ code: "usage", message: 'CAPSTAN_FORMAT is "yaml"' });
  });

  it("never approve", () => {
    const approving = ROWS.flatMap(({ flags }) => Object.entries<Flag>(flags))
      .filter(([name]) => /approve|expect|force|accept/i.test(name))
      .map(([, flag]) => flag.variable);
    expect(new Set(approving)).toEqual(new Set([undefined]));
  });
});

describe("flags that all commands share", () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), "capstan-before-"));
    for (const folder of ["one", "other"]) await mkdir(join(cwd, folder));
  });
  afterAll(async () => rm(cwd, { recursive: true }));
  const run = (...argv: readonly string[]) => runHere(argv, { cwd, env: {} });

  it.each([
    [["-C", "one", "validate"]],
    [["-Cone", "validate"]],
    [["-qC", "one", "validate"]],
    [["--directory=one", "validate"]],
    [["--directory", "one", "--no-color", "validate"]],
    [["validate", "-C", "one"]],
    [["-C", "other", "validate", "-C", "one"]],
    [["-C", "other", "validate", "one"]],
  ])("%j is about the folder one", async (argv) => {
    const { exit, stdout } = await run(...argv);
    expect([exit, stdout]).toEqual([1, expect.stringContaining("there is no resource in one;")]);
  });

  it("stand before a command of two words, too", async () => {
    const { stderr } = await run("-C", "one", "rotate", "start", "host");
    expect(flat(stderr)).toContain("there is no cluster resource in one");
  });

  it("mean before the command what they mean behind it", async () => {
    const json = await run("--format", "json", "validate", "one");
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: false, resources: 0 });
    const before = await run("--format", "markdown", "apply", "one");
    expect(before).toEqual(await run("apply", "--format", "markdown", "one"));
    expect(flat(before.stderr)).toContain("Allowed choices are text, json");
  });

  it("are unknown to a command that has none of them", async () => {
    const { exit, stderr } = await run("-C", "one", "action", "plan");
    expect([exit, flat(stderr)]).toEqual([1, expect.stringContaining("unknown option '-C'")]);
  });

  it("take a command's name for a value where one is due", async () => {
    await mkdir(join(cwd, "plan"), { recursive: true });
    const { stdout } = await run("-C", "plan", "validate");
    expect(stdout).toContain("there is no resource in plan;");
  });

  it.each([
    [["plna"], "Did you mean plan?"],
    [["rotate", "strat"], "Did you mean start?"],
    [[], "Usage: capstan"],
  ])("leave %j behind them as it is", async (words, said) => {
    const { exit, stderr } = await run("-C", "one", ...words);
    expect([exit, flat(stderr)]).toEqual([1, expect.stringContaining(said)]);
    expect(await run(...words)).toEqual({ exit, stdout: "", stderr });
  });
});
