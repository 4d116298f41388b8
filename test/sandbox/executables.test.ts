import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { entry } from "../../src/sandbox/entry.ts";
import { sandboxDown, sandboxUp } from "../../src/sandbox/sandbox.ts";

let home = "";
let dir = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "it's a sandbox "));
  dir = join(home, ".capstan", "sandbox");
});
afterEach(async () => {
  await sandboxDown(dir);
  await rm(home, { recursive: true, force: true });
});

const CALLS: readonly { readonly argv: readonly string[]; readonly input?: string; readonly exit: number }[] =
  [
    { argv: ["status"], exit: 0 },
    { argv: ["get", "cas", "--format=json"], exit: 0 },
    { argv: ["get", 'a "quoted" \\ naïve\n\tword 🔑'], exit: 1 },
    { argv: ["nodes", "ls", ""], exit: 1 },
    { argv: ["create", "-f", "-"], input: "kind: nonsense\n", exit: 1 },
    { argv: ["create"], input: "", exit: 1 },
    { argv: ["edit", "ca_overrides/windows"], exit: 1 },
    { argv: [], exit: 1 },
  ];

it("tctl prints the same and ends the same, whether Perl or Node hands it over", async () => {
  await sandboxUp({ dir, nodes: 2 });
  const script = join(dir, "bin", "tctl");
  // The caller's own settings of Perl, and a language that this machine does not have, change nothing.
  const env = { EDITOR: "true", PERL5OPT: "-Mnothing", LC_ALL: "tlh_QO.UTF-8" };
  const run = async (file: string, argv: readonly string[], input: string) => {
    const { exitCode, stdout, stderr } = await execa(file, argv, { cwd: home, env, input, reject: false });
    return { exitCode, stdout, stderr };
  };
  if (existsSync("/usr/bin/perl")) expect(readFileSync(script, "utf8")).toContain("exec '/usr/bin/perl'");
  for (const { argv, input = "", exit } of CALLS) {
    const inNode = await run(process.execPath, [entry("tctl-shim"), dir, "tctl", ...argv], input);
    expect(await run(script, argv, input), argv.join(" ")).toEqual(inNode);
    expect(inNode.exitCode, JSON.stringify(inNode)).toBe(exit);
  }
});

it("a tctl whose sandbox has gone says so", async () => {
  await sandboxUp({ dir });
  const script = readFileSync(join(dir, "bin", "tctl"), "utf8");
  await sandboxDown(dir);
  const { exitCode, stderr } = await execa("sh", ["-c", script, "tctl", "status"], { reject: false });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining("Cannot connect to the auth server"),
  });
});
