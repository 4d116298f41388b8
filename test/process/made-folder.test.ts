import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeFolder } from "../../src/process/made-folder.ts";

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "capstan-made-")));
  await writeFile(join(folder, "file"), "");
  await symlink(join(folder, "nothing"), join(folder, "dangling"));
  await mkdir(join(folder, "real"));
  await symlink(join(folder, "real"), join(folder, "link"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("makes a folder and those above it, with the mode", async () => {
  await makeFolder(join(folder, "a", "b", "c"), 0o700);
  expect((await stat(join(folder, "a"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, "a", "b", "c"))).mode & 0o777).toBe(0o700);
});

it("takes one that is there, behind a link too, and one that somebody else makes meanwhile", async () => {
  await makeFolder(join(folder, "link", "below"));
  expect((await stat(join(folder, "real", "below"))).isDirectory()).toBe(true);
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(folder, "many", "at", "once"))));
});

it.each([
  ["a file in its place", () => join(folder, "file"), /\/file: it is no folder$/],
  ["a file above it", () => join(folder, "file", "x", "y"), /\/file\/x\/y: .*\/file is no folder$/],
  ["a device above it", () => "/dev/null/x", /\/dev\/null\/x: \/dev\/null is no folder$/],
  ["a link to nothing", () => join(folder, "dangling", "x"), /dangling: it is a link that leads to nothing$/],
  ["a name that is too long", () => join(folder, "x".repeat(300)), /the name is too long \(ENAMETOOLONG\)$/],
])("says why: %s", async (_, path, message) => {
  await expect(makeFolder(path())).rejects.toMatchObject({
    code: "storage",
    message: expect.stringMatching(message),
    hint: "name another place",
  });
});

// Node's own recursive mkdir never ends there.
it.runIf(process.platform === "linux").each([
  ["/proc/x/y", /^cannot make the folder \/proc\/x: the system makes no folder there$/],
  ["/sys/x/y", /^cannot make the folder \/sys\/x: (this user may not|the file system is read-only) \(/],
])("says why: %s, where the system makes no folders", async (path, message) => {
  await expect(makeFolder(path)).rejects.toMatchObject({ message: expect.stringMatching(message) });
});
