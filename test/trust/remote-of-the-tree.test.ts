import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

/** git takes whatever is no remote of the clone for an address, and a folder of the tree may have hooks. */
describe("a remote is one of the clone, not a folder of the tree", () => {
  let outside: string;
  let repository: Repository;
  const mark = () => join(outside, "ran");

  beforeAll(async () => {
    outside = await mkdtemp(join(tmpdir(), "capstan-outside-"));
    repository = await Repository.create();
    const evil = join(repository.folder, "tools", "evil.git");
    await mkdir(evil, { recursive: true });
    await repository.git("init", "--quiet", "--bare", "--initial-branch=main", evil);
    for (const hook of await readdir(join(evil, "hooks"))) await rm(join(evil, "hooks", hook));
    await writeFile(join(evil, "hooks", "pre-receive"), `#!/bin/sh\ntouch ${mark()}\n`, { mode: 0o755 });
  });
  afterAll(async () => {
    await rm(repository.folder, { recursive: true, force: true });
    await rm(outside, { recursive: true, force: true });
  });

  it.each([
    ["a branch is named", ", branch: main"],
    ["none is", ""],
  ])("its hooks do not run: %s", async (_, branch) => {
    await writeFile(
      join(repository.folder, "a.yaml"),
      `kind: cluster\nversion: v1\nmetadata: { name: acme.cluster }\nspec: { platform: teleport, teleport: { tctl: [/nowhere/tctl] } }\n---\nkind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { record: refs, remote: tools/evil.git${branch} }\n`,
    );
    await repository.git("add", "a.yaml");
    await repository.git("commit", "--quiet", "--message", "please merge");
    await repository.git("push", "--quiet", "tools/evil.git", "main");
    expect(existsSync(mark())).toBe(true);
    await rm(mark());
    const here = { cwd: repository.folder, env: process.env };
    for (const words of [
      ["apply", "--auto-approve"],
      ["lock", "show"],
    ]) {
      const { exit, stderr } = await runHere(words, here);
      expect([exit, flat(stderr)]).toEqual([
        1,
        expect.stringContaining("no remote that is called tools/evil.git"),
      ]);
    }
    expect(existsSync(mark())).toBe(false);
  });
});
