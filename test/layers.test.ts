import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

/** A room within a room, with rules of its own. */
const INNER = ["record/changes"];

/** The pure core: no file, no process, no clock. Its folders may import each other. */
const PURE = [
  "profile",
  "rotation",
  "guards",
  "planner",
  "checklist",
  "artifacts",
  "teleport",
  "talos",
  "x509",
  "record/changes",
];
const CORE = [...PURE.filter((room) => !INNER.includes(room)), "resources", "."];

/**
 * Dependencies point downwards only (design, section 8). A folder may import the folders named here, itself,
 * and nothing else below src/.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // The table of profiles is there.
  ".": ["profile", "talos", "teleport"],
  ...Object.fromEntries(PURE.map((folder) => [folder, CORE])),
  x509: ["rotation"],
  // Until its part hangs on the profile.
  resources: [".", "profile", "rotation", "x509", "talos", "teleport"],
  // How the record changes is pure, and a plan judges by the record as apply has it when it begins.
  planner: [...CORE, "record/changes"],
  "record/changes": ["profile", "rotation"],
  process: ["."],
  sealing: [".", "resources", "x509"],
  platforms: [...CORE, "process", "sealing"],
  probes: [...CORE, "process"],
  record: [...CORE, "record/changes"],
  git: [".", "process", "resources", "rotation"],
  apply: [...CORE, "platforms", "probes", "record", "record/changes"],
  views: [...CORE, "apply"],
  forge: [...CORE, "views"],
  sandbox: [".", "process"],
  cli: [
    ...CORE,
    "views",
    "apply",
    "platforms",
    "probes",
    "record",
    "git",
    "forge",
    "sandbox",
    "process",
    "sealing",
  ],
};

const IMPURE_IMPORT = /^(node:(?!crypto|util)|execa|simple-git|ink|react|commander)/;
const CLOCK = /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bMath\.random\(|\bprocess\./;

const SRC = join(import.meta.dirname, "..", "src");
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"))
  .map((file) => ({ file, folder: folderOf(file), text: readFileSync(join(SRC, file), "utf8") }));

function folderOf(file: string): string {
  const inner = INNER.find((room) => file.startsWith(`${room}/`));
  if (inner !== undefined) return inner;
  return file.includes("/") ? (file.split("/")[0] ?? ".") : ".";
}

function importsOf(text: string): readonly { readonly path: string; readonly typeOnly: boolean }[] {
  return [
    ...text.matchAll(
      /(import|export)(\s+type)?[^"';]*?from\s+"([^"]+)"|import\("([^"]+)"\)|^import "([^"]+)"/gm,
    ),
  ].map((match) => ({ path: match[3] ?? match[4] ?? match[5] ?? "", typeOnly: match[2] !== undefined }));
}

describe("imports point downwards", () => {
  it.each(files)("$file", ({ file, folder, text }) => {
    const allowed = MAY_IMPORT[folder];
    expect(allowed, `src/${folder} is not in the table of layers`).toBeDefined();
    for (const { path } of importsOf(text)) {
      if (!path.startsWith(".") || path === "../../package.json") continue;
      const target = folderOf(relative(SRC, join(SRC, dirname(file), path)));
      expect([folder, ...(allowed ?? [])], `${file} imports ${path}`).toContain(target);
    }
  });
});

describe("the core is pure", () => {
  it.each(files.filter(({ folder }) => PURE.includes(folder)))("$file", ({ file, text }) => {
    for (const { path, typeOnly } of importsOf(text)) {
      if (!typeOnly) expect(path, `${file} does I/O`).not.toMatch(IMPURE_IMPORT);
    }
    expect(text, `${file} reads a clock, chance or the process`).not.toMatch(CLOCK);
  });
});

describe("the library for X.509 finds what it needs, however the bundle is cut", () => {
  const holders = files.filter(({ text }) => text.includes('from "@peculiar/x509"'));

  it("because the product has it from one module", () => {
    const product = holders.filter(({ folder }) => folder !== "sandbox");
    expect(product.map(({ file }) => file)).toEqual(["x509/library.ts"]);
  });

  it.each(holders)("$file", ({ text }) => {
    const [first] = importsOf(text);
    expect(first?.path).toBe("reflect-metadata");
  });
});
