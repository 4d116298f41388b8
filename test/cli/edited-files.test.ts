import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Edit, editFiles } from "../../src/cli/edited-file.ts";
import { Failure } from "../../src/failure.ts";

let outside: string;
let root: string;
let folder: string;
beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), "capstan-edited-"));
  root = join(outside, "repository");
  folder = join(root, "pki");
  await mkdir(join(root, ".git", "hooks"), { recursive: true });
  await mkdir(join(folder, "clusters"), { recursive: true });
  await writeFile(join(outside, "theirs.yaml"), "theirs");
  await writeFile(join(folder, "own.yaml"), "own");
});
afterEach(async () => rm(outside, { recursive: true, force: true }));

const edit = (...edits: readonly Edit[]) => editFiles({ folder, git: { root }, env: {} }, edits);
const more = (text: string) => `${text} and more`;
const text = (path: string) => readFile(join(outside, path), "utf8");

describe("files that are written: edits of the repository's own YAML", () => {
  it("keep the mode, leave nothing beside, and add up", async () => {
    await chmod(join(folder, "own.yaml"), 0o640);
    const { ino } = await stat(join(folder, "own.yaml"));
    await edit({ file: "own.yaml", change: more }, { file: "own.yaml", change: more });
    expect(await text("repository/pki/own.yaml")).toBe("own and more and more");
    const after = await stat(join(folder, "own.yaml"));
    expect(after.mode & 0o777).toBe(0o640);
    // Another file took its place, whole: nobody ever reads half of it.
    expect(after.ino).not.toBe(ino);
    expect((await readdir(folder)).toSorted()).toEqual(["clusters", "own.yaml"]);
  });

  it("follow a link within the repository, which stays a link", async () => {
    await writeFile(join(root, "shared.yaml"), "shared");
    await symlink("../shared.yaml", join(folder, "link.yaml"));
    await edit({ file: "link.yaml", change: more });
    expect(await text("repository/shared.yaml")).toBe("shared and more");
    expect((await lstat(join(folder, "link.yaml"))).isSymbolicLink()).toBe(true);
  });

  it.each([
    ["a link out of the repository", "../../theirs.yaml", "link.yaml"],
    ["a folder that is a link out of it", "../..", "link.yaml/theirs.yaml"],
    ["a link to nothing", "../../not-there.yaml", "link.yaml"],
    ["a new file below a link out of it", "../..", "link.yaml/rotations/new.yaml"],
    ["a link into .git", "../.git/hooks", "link.yaml/post-checkout"],
    ["a way up", "..", "../../theirs.yaml"],
  ])("%s is refused, and nothing else is changed either", async (_what, to, file) => {
    await symlink(to, join(folder, "link.yaml"));
    const before = await readdir(outside, { recursive: true });
    await expect(
      edit({ file: "own.yaml", change: more }, { file, change: more, absent: () => "new" }),
    ).rejects.toMatchObject({ code: "refused", hint: expect.stringContaining("nothing was written") });
    expect(await text("repository/pki/own.yaml")).toBe("own");
    expect(await text("theirs.yaml")).toBe("theirs");
    expect(await readdir(outside, { recursive: true })).toEqual(before);
  });

  it("bad input, and a file that is there already, change nothing", async () => {
    const bad = (): string => {
      throw new Failure("usage", "no such rotation");
    };
    await expect(edit({ file: "own.yaml", change: more }, { file: "own.yaml", change: bad })).rejects.toThrow(
      "no such",
    );
    await expect(edit({ file: "own.yaml", change: more }, { file: "own.yaml", fresh: "x" })).rejects.toThrow(
      "is there already",
    );
    await expect(edit({ file: "gone.yaml", change: more })).rejects.toThrow("is not there any more");
    expect(await text("repository/pki/own.yaml")).toBe("own");
  });
});
