import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

/** A room within a room, with rules of its own. */
const INNER = ["record/changes", "fleet/forecast", "checks/run"];

/** The pure core: no file, no process, no clock, in any file that it reaches. */
const PURE = [
  "profile",
  "rotation",
  "guards",
  "planner",
  "fleet",
  "checklist",
  "checks",
  "artifacts",
  "teleport",
  "talos",
  "x509",
  "record/changes",
  "fleet/forecast",
  "explain",
];

/** What a platform's room may see of the core. */
const FOR_PLATFORMS = ["profile", "rotation", "guards", "checklist", "resources", "x509", "."];
const CORE = [...PURE.filter((room) => !INNER.includes(room)), "resources", "."];

/**
 * Dependencies point downwards only (design, section 8). A folder may import the folders named here, itself,
 * and nothing else below src/.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // The table of profiles is there.
  ".": ["profile", "talos", "teleport"],
  // Facts and phases; it is told by the profile of an observation what a platform is.
  rotation: ["profile", "resources", "."],
  profile: ["rotation", "guards", "fleet", "checklist", "resources", "."],
  guards: ["profile", "rotation", "fleet", "checklist", "checks", "resources", "."],
  checks: ["profile", "rotation", "resources", "."],
  checklist: ["profile", "rotation", "resources", "."],
  // They do not know each other, and not who plans.
  teleport: FOR_PLATFORMS,
  talos: FOR_PLATFORMS,
  artifacts: ["rotation", "x509", "."],
  // What the tables of the core mean, in words for people.
  explain: ["guards", "profile", "rotation", "resources", "."],
  x509: ["rotation"],
  resources: [".", "profile", "rotation", "x509"],
  // How the record changes is pure, and a plan judges by the record as apply has it when it begins.
  planner: [
    "profile",
    "rotation",
    "guards",
    "fleet",
    "checklist",
    "checks",
    "resources",
    "record/changes",
    ".",
  ],
  // What ends some day: of observations, beside the plan.
  "fleet/forecast": ["profile", "rotation", "guards", "planner", "resources", "."],
  "record/changes": ["profile", "rotation"],
  // Which of many clusters are meant, and in which order: of resources and records alone.
  fleet: ["rotation", "resources", "."],
  process: ["."],
  sealing: [".", "resources", "x509"],
  // JSON as bytes that come in; it knows nobody.
  listings: [],
  platforms: [...CORE, "listings", "process", "sealing"],
  probes: [...CORE, "process"],
  "checks/run": [...CORE, "process"],
  record: [...CORE, "listings", "process", "record/changes"],
  git: [".", "process", "resources", "rotation"],
  apply: [...CORE, "platforms", "probes", "record", "record/changes"],
  views: [...CORE, "fleet/forecast", "apply"],
  forge: [...CORE, "views"],
  sandbox: [".", "process"],
  cli: [
    ...CORE,
    "fleet/forecast",
    "views",
    "apply",
    "platforms",
    "probes",
    "checks/run",
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
      if (!path.startsWith(".") || path.endsWith(".json")) continue;
      const target = folderOf(relative(SRC, join(SRC, dirname(file), path)));
      expect([folder, ...(allowed ?? [])], `${file} imports ${path}`).toContain(target);
    }
  });
});

/** The files that a file imports, and whether anything but types comes from them. */
function reached({ file, text }: (typeof files)[number], types: boolean): readonly string[] {
  return importsOf(text)
    .filter(({ path, typeOnly }) => path.startsWith(".") && (types || !typeOnly))
    .map(({ path }) => relative(SRC, join(SRC, dirname(file), path)));
}

describe("the core is pure, in whatever it reaches", () => {
  const byName = new Map(files.map((one) => [one.file, one]));

  /** The first file that does I/O, on the way from this one; the way is what a person has to know. */
  function impureBelow(start: (typeof files)[number]): readonly string[] | null {
    const ways: (readonly string[])[] = [[start.file]];
    const seen = new Set([start.file]);
    for (const way of ways) {
      const one = byName.get(way.at(-1) ?? "");
      if (one === undefined) continue;
      const impure = importsOf(one.text).find(({ path, typeOnly }) => !typeOnly && IMPURE_IMPORT.test(path));
      if (impure !== undefined) return [...way, impure.path];
      for (const next of reached(one, false))
        if (!seen.has(next) && seen.add(next)) ways.push([...way, next]);
    }
    return null;
  }

  it.each(files.filter(({ folder }) => PURE.includes(folder)))("$file", (one) => {
    expect(impureBelow(one), `${one.file} reaches I/O`).toBeNull();
    expect(one.text, `${one.file} reads a clock, chance or the process`).not.toMatch(CLOCK);
  });
});

it("no files go round in a circle, types included", () => {
  const next = new Map(files.map((one) => [one.file, reached(one, true)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) circles.push([...way.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const one of next.get(file) ?? []) visit(one, [...way, file]);
    done.add(file);
  };
  for (const { file } of files) visit(file, []);
  expect(circles).toEqual([]);
});

/** The rooms of the platforms, and the one table that names them. */
const PLATFORM_ROOMS = ["teleport", "talos", "platforms", "sandbox", "tour"];
const PLATFORM_WORD = /talos|teleport/i;

/** Files elsewhere that name a platform, each with the reason why it has to. */
const MAY_NAME: Readonly<Record<string, string>> = {
  "cli/override/csr.ts": "the commands about overrides are of a resource that one platform has",
  "cli/override/enable.ts": "the same",
  "cli/override/entries-in-git.ts": "the same",
  "cli/override/retire.ts": "the same",
  "cli/override/scene.ts": "the same",
  "cli/override/signed-certificate.ts": "the same",
  "resources/edit/edit-override.ts": "a comment for people in a file that is the platform's own format",
  "resources/model/variables.ts": "names of variables that people have in their environments",
};

describe("no platform's word outside its rooms", () => {
  const naming = files
    .filter(({ file, folder }) => !PLATFORM_ROOMS.includes(folder) && file !== "profiles.ts")
    .filter(({ text }) => PLATFORM_WORD.test(withoutComments(text)))
    .map(({ file }) => file);

  it("but in those that still do", () => {
    expect(naming.filter((file) => !(file in MAY_NAME))).toEqual([]);
  });

  it("and who has stopped is taken off the list", () => {
    expect(Object.keys(MAY_NAME).filter((file) => !naming.includes(file))).toEqual([]);
  });
});

/** Comments may cite a reference; code and what is said to people may not. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

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
