import "../world/in-process.ts";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

/**
 * A commit may bring a folder that git takes for a bare repository: HEAD, objects, refs, and a configuration of which
 * git runs whatever it names. What it says is the base would be the attacker's own.
 */
describe("a folder of the tree that looks like a repository is none", () => {
  let outside: string;
  let repository: Repository;
  const mark = () => join(outside, "ran");
  const cluster = (tctl: string) =>
    `kind: cluster\nversion: v1\nmetadata: { name: acme.cluster }\nspec: { platform: teleport, teleport: { tctl: [${tctl}] } }\n`;

  beforeAll(async () => {
    outside = await mkdtemp(join(tmpdir(), "capstan-outside-"));
    await writeFile(join(outside, "evil"), `#!/bin/sh\ntouch ${mark()}\n`, { mode: 0o755 });
    repository = await Repository.create();
    const clusters = join(repository.folder, "clusters");
    await mkdir(clusters);
    await writeFile(join(clusters, "acme.yaml"), cluster("/nowhere/tctl"));
    await repository.commit("base");

    const own = new Repository(await mkdtemp(join(outside, "own-")));
    await own.git("init", "--quiet", "--initial-branch=main");
    await own.git("config", "user.name", "attacker");
    await own.git("config", "user.email", "attacker@localhost");
    await writeFile(join(own.folder, "acme.yaml"), cluster(join(outside, "evil")));
    await own.commit("what the attacker calls the base");
    await own.git("config", "core.worktree", ".");
    await own.git("config", "core.fsmonitor", join(outside, "evil"));
    await writeFile(join(own.folder, ".git", "refs", "kept"), "");

    await repository.git("checkout", "--quiet", "-b", "pull");
    for (const part of ["HEAD", "config", "objects", "refs"]) {
      await cp(join(own.folder, ".git", part), join(clusters, part), { recursive: true });
    }
    await repository.git("add", "--force", "-A");
    await repository.git("commit", "--quiet", "--message", "please merge");
  });
  afterAll(async () => {
    await rm(repository.folder, { recursive: true, force: true });
    await rm(outside, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await rm(mark(), { force: true });
  });

  it("git itself would take it for one, and run what it names", async () => {
    expect(await repository.git("-C", "clusters", "rev-parse", "--show-toplevel")).toMatch(/\/clusters$/);
    await repository.git("-C", "clusters", "status", "--short");
    expect(existsSync(mark())).toBe(true);
  });

  it.each([
    ["plan of a pull request", ["plan", "-C", "clusters", "--base", "main"]],
    ["plan", ["plan", "-C", "clusters"]],
    ["apply", ["apply", "-C", "clusters", "--auto-approve"]],
    ["status", ["status", "-C", "clusters"]],
    ["validate against the base", ["validate", "-C", "clusters", "--base", "main"]],
  ])("%s asks the repository that is around it", async (_, args) => {
    const { exit, stdout, stderr } = await repository.capstan(...args);
    expect(existsSync(mark()), stderr).toBe(false);
    if (args[0] === "validate") expect([exit, stdout]).toEqual([0, expect.stringContaining("Valid.")]);
    else expect([exit, flat(stderr)]).toEqual([1, expect.stringContaining('Cannot run "/nowhere/tctl"')]);
  });

  it("nor is one on its own, where no repository is around it", async () => {
    const alone = join(outside, "alone");
    await cp(join(repository.folder, "clusters"), alone, { recursive: true });
    const { exitCode, stderr } = await execa(
      process.execPath,
      [join(import.meta.dirname, "..", "..", "dist", "capstan.js"), "plan"],
      { cwd: alone, reject: false, stdin: "ignore" },
    );
    expect([exitCode, flat(stderr)]).toEqual([1, expect.stringContaining("cannot use bare repository")]);
    expect(existsSync(mark())).toBe(false);
  });
});
