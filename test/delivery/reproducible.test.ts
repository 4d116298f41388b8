import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "./metafiles.ts";

const SOURCES = ["src", "schemas", "delivery", "build.config.ts", "package.json"];
const MADE = ["dist", "schemas", "THIRD-PARTY-NOTICES"];

let other: string;

beforeAll(async () => {
  other = await mkdtemp(join(tmpdir(), "capstan-build-"));
  for (const name of SOURCES) await cp(join(ROOT, name), join(other, name), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(other, "node_modules"));
  await execa(process.execPath, ["build.config.ts"], { cwd: other, env: { TZ: "Pacific/Apia", LANG: "C" } });
});
afterAll(() => rm(other, { recursive: true, force: true }));

/** Every file that the build made below a folder, as text. */
async function made(folder: string): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  for (const name of MADE) {
    const below = name.includes("-") ? [""] : await readdir(join(folder, name), { recursive: true });
    for (const path of below.map((file) => join(name, file))) {
      const content = await readFile(join(folder, path), "latin1").catch(() => null);
      if (content !== null) files[path] = content;
    }
  }
  return files;
}

it("two builds in two folders are equal, byte for byte", async () => {
  const [here, there] = [await made(ROOT), await made(other)];
  expect(Object.keys(here).length).toBeGreaterThan(50);
  expect(Object.keys(there)).toEqual(Object.keys(here));
  expect(Object.keys(here).filter((path) => here[path] !== there[path])).toEqual([]);
});

it("and nothing in them says where they were made", async () => {
  const folders = [ROOT, other, tmpdir()];
  const files = Object.entries(await made(other));
  expect(files.filter(([, content]) => folders.some((folder) => content.includes(`${folder}/`)))).toEqual([]);
});
