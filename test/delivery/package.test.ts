import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { bundledFolders, bundledPackage } from "../../delivery/bundled-packages.ts";
import { notices } from "../../delivery/notices.ts";
import packageJson from "../../package.json" with { type: "json" };
import { metafiles, ROOT } from "./metafiles.ts";

const MOST_BYTES = 6_000_000;

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

describe("what npm packs", () => {
  let packed: Packed;
  const has = (path: string) => packed.files.some((file) => file.path === path);

  beforeAll(async () => {
    const argv = ["pack", "--dry-run", "--json", "--ignore-scripts"];
    const { stdout } = await execa("npm", argv, { cwd: ROOT, stdin: "ignore" });
    packed = JSON.parse(stdout)[0];
  });

  it("is a program with all that it needs, at most 6 MB", () => {
    for (const path of ["dist/capstan.js", "dist/help.txt", "dist/sandbox/daemon.js"])
      expect(has(path), path).toBe(true);
    for (const name of readdirSync(join(ROOT, "schemas"))) expect(has(`schemas/${name}`), name).toBe(true);
    for (const path of ["LICENSE", "THIRD-PARTY-NOTICES", "CHANGELOG.md", "README.md"])
      expect(has(path), path).toBe(true);
    for (const shell of ["capstan", "_capstan", "capstan.fish"])
      expect(has(`dist/completions/${shell}`), shell).toBe(true);
    // npm puts no page in its place that is not in a list.
    expect(packageJson.man.filter(has)).toEqual(["dist/capstan.1"]);
    expect(packed.files.find(({ path }) => path === packageJson.bin.capstan)?.mode.toString(8)).toBe("755");
    expect(packed.unpackedSize).toBeLessThan(MOST_BYTES);
  });

  it("has nothing beside it: no source, no test, no recording", () => {
    const places = new Set(packed.files.map(({ path }) => path.replace(/\/.*/, "")));
    expect([...places].toSorted()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "THIRD-PARTY-NOTICES",
      "dist",
      "package.json",
      "schemas",
    ]);
  });

  it("installs nothing else, and runs nothing when it is installed", () => {
    expect(Object.keys(packageJson).filter((key) => /^(?!dev).*dependencies/i.test(key))).toEqual([]);
    const run = ["preinstall", "install", "postinstall"];
    expect(Object.keys(packageJson.scripts).filter((name) => run.includes(name))).toEqual([]);
  });
});

it("the bundles load nothing but what Node has", () => {
  const outputs = Object.values(metafiles).flatMap((part) => Object.values(part.outputs));
  const beside = ["./main.mjs"];
  const loaded = outputs.flatMap(({ imports }) => imports.filter(({ external }) => external === true));
  const foreign = loaded.filter(
    ({ path }) => ![...builtinModules, ...beside].includes(path.replace(/^node:/, "")),
  );
  for (const path of beside) expect(Object.keys(metafiles.product.outputs)).toContain(join("dist", path));
  expect(loaded.length).toBeGreaterThan(20);
  expect(foreign).toEqual([]);
});

it("the container's base is pinned by digest, it has a user of its own, and nothing is run to build it", () => {
  const text = readFileSync(join(ROOT, "Containerfile"), "utf8");
  expect(text).toMatch(/^ARG BASE=\S+@sha256:[0-9a-f]{64}$/m);
  expect(text).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  expect(text).not.toMatch(/^RUN /m);
});

describe("THIRD-PARTY-NOTICES", () => {
  const text = readFileSync(join(ROOT, "THIRD-PARTY-NOTICES"), "utf8");
  const folders = bundledFolders(Object.values(metafiles));

  it("has a chapter for each package of which something is in a bundle, and for no other", async () => {
    expect(folders.length).toBeGreaterThan(80);
    const packages = await Promise.all(folders.map((folder) => bundledPackage(join(ROOT, folder))));
    for (const { name, texts } of packages) expect(texts.join("\n").length, name).toBeGreaterThan(200);
    const chapters = [...text.matchAll(/^=+\n(\S+ \S+) \(.+\)\n=+$/gm)].map(([, title]) => title);
    expect(chapters).toEqual(packages.map(({ name, version }) => `${name} ${version}`));
    expect(notices(packages)).toBe(text);
  });

  it("of a nested package is the nested one's, and what was shaken out is not in it", () => {
    const inputs = {
      "node_modules/a/index.js": { bytesInOutput: 10 },
      "node_modules/a/node_modules/@b/c/index.js": { bytesInOutput: 10 },
      "node_modules/d/index.js": { bytesInOutput: 0 },
      "src/cli/main.ts": { bytesInOutput: 10 },
    };
    const output = { bytes: 30, inputs, imports: [], exports: [] };
    expect(bundledFolders([{ outputs: { "dist/x.js": output } }])).toEqual([
      "node_modules/a",
      "node_modules/a/node_modules/@b/c",
    ]);
  });

  it.each([
    ["no text", { license: "MIT" }, {}, "has no license text"],
    ["an empty text", { license: "MIT" }, { LICENSE: " \n" }, "has no license text"],
    ["no name of a license", {}, { LICENSE: "Do what you like." }, "names no license"],
  ])("cannot be made with a package that has %s", async (_, manifest, files, says) => {
    const folder = await mkdtemp(join(tmpdir(), "capstan-notices-"));
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, "package.json"),
      JSON.stringify({ name: "a", version: "1.0.0", ...manifest }),
    );
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await expect(bundledPackage(folder)).rejects.toThrow(says);
    await rm(folder, { recursive: true });
  });
});
