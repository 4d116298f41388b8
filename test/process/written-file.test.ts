import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { namedByFlag, readTarget, writeTarget } from "../../src/process/written-file.ts";
import { problemWithWrittenPath, writableRoots } from "../../src/written-path.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-written-"));
  await mkdir(join(folder, "repository"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

describe("files that are written: where a resource may name one", () => {
  const env = { CAPSTAN_WRITE: "/srv/clients:/var/lib/capstan/" };

  it.each([
    ".capstan/clients/talosconfig",
    "./.capstan/kubeconfig",
    "/srv/clients/a/b",
    "/var/lib/capstan/x",
  ])("%s: yes", (path) => {
    expect(problemWithWrittenPath(path, env)).toBeNull();
  });

  it.each([
    ["talosconfig", "is not below .capstan/"],
    ["clusters/acme.yaml", "is not below .capstan/"],
    [".capstan", "is not below .capstan/"],
    ["~/.talos/config", "is not below .capstan/"],
    [".git/config", "is git's own"],
    [".capstan/../.git/config", "leads out"],
    [".capstan/x/.GIT/config", "is git's own"],
    ["../../etc/x", "leads out"],
    [".capstan/../cluster.yaml", "leads out"],
    ["/etc/passwd", "absolute path"],
    ["/srv/clients", "absolute path"],
    ["/srv/clients-too/x", "absolute path"],
    ["/srv/clients/../../etc/passwd", "leads out"],
    [".capstan/record/acme.json", "keeps .capstan/record for itself"],
    [".capstan/locks/acme/1.json", "keeps .capstan/locks for itself"],
    [".capstan/lock.json", "keeps .capstan/lock.json for itself"],
    [".capstan/journal.jsonl", "for itself"],
    [".capstan/sandbox/x", "for itself"],
  ])("%s: no, it %s", (path, said) => {
    expect(problemWithWrittenPath(path, env)).toContain(said);
  });

  it("nothing absolute without a word of the operator", () => {
    expect(problemWithWrittenPath("/srv/clients/a", {})).toContain("CAPSTAN_WRITE lists folders");
    expect(problemWithWrittenPath("/srv/clients/a", { CAPSTAN_WRITE: "srv/clients" })).not.toBeNull();
    expect(writableRoots("/repository", env)).toEqual(["/repository", "/srv/clients", "/var/lib/capstan"]);
  });
});

describe("files that are written: how", () => {
  const at = (name: string) => ({
    path: join(folder, "repository", name),
    roots: [join(folder, "repository")],
  });

  it("whole, with the rights that are asked for, and nothing beside it", async () => {
    await writeTarget(at("a/b/c"), { bytes: "one", mode: 0o600 });
    await writeTarget(at("a/b/c"), { bytes: "two", mode: 0o600 });
    expect(await readFile(at("a/b/c").path, "utf8")).toBe("two");
    expect((await stat(at("a/b/c").path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, "repository", "a", "b"))).toEqual(["c"]);
  });

  it("fresh: never over anything", async () => {
    await writeTarget(at("x"), { bytes: "one", fresh: true });
    await expect(writeTarget(at("x"), { bytes: "two", fresh: true })).rejects.toThrow("it is there already");
    expect(await readFile(at("x").path, "utf8")).toBe("one");
    expect(await readdir(join(folder, "repository"))).toEqual(["x"]);
  });

  it("never outside, into .git, through a link, over a folder, or in the place of one", async () => {
    await symlink(folder, at("out").path);
    await symlink(join(folder, "nowhere"), at("dangling").path);
    await writeFile(at("file").path, "x");
    await mkdir(at("folder").path);
    const cases = [
      [{ path: join(folder, "x"), roots: at("").roots }, "outside of the folders"],
      [at(".git/config"), "git's own"],
      [at("sub/.git/hooks/post-checkout"), "git's own"],
      [at("out/x"), "is a symbolic link"],
      [at("out"), "is a symbolic link"],
      [at("dangling"), "is a symbolic link"],
      [at("file/x"), "is no folder"],
      [at("folder"), "it is a folder"],
    ] as const;
    for (const [target, said] of cases) {
      await expect(writeTarget(target, { bytes: "evil" })).rejects.toThrow(said);
      if (said.includes("link")) await expect(readTarget(target)).rejects.toThrow(said);
    }
    expect((await readdir(folder)).toSorted()).toEqual(["repository"]);
  });

  it("what a flag names is anywhere; a committed link on the way counts all the same", async () => {
    const cwd = join(folder, "repository");
    await symlink(folder, join(cwd, "out"));
    await expect(writeTarget(namedByFlag(cwd, "out/plan.json"), { bytes: "x" })).rejects.toThrow(
      "symbolic link",
    );
    await writeTarget(namedByFlag(cwd, "../plan.json"), { bytes: "x" });
    await writeTarget(namedByFlag(cwd, join(folder, "deep", "plan.json")), { bytes: "x" });
    expect((await readdir(folder)).toSorted()).toEqual(["deep", "plan.json", "repository"]);
  });
});
