import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type BillOfMaterials, deliveredBill } from "../../delivery/bill-of-materials.ts";
import { bundledFolders, bundledPackage } from "../../delivery/bundled-packages.ts";
import { checkRelease } from "../../delivery/release-check.ts";
import { releaseNotes } from "../../delivery/release-notes.ts";
import packageJson from "../../package.json" with { type: "json" };
import { metafiles, ROOT } from "./metafiles.ts";

describe("notes of a release", () => {
  const CHANGELOG =
    "# Changes\n\nAbout.\n\n## 1.1.0\n\n- b\n\n### For hosts\n\n- c\n\n## 1.0.0 (2026-01-02)\n\n- a\n\n## 0.9.0\n";

  it.each([
    ["1.1.0", "- b\n\n### For hosts\n\n- c\n"],
    ["1.0.0", "- a\n"],
  ])("of %s are its chapter", (version, notes) => {
    expect(releaseNotes(CHANGELOG, version)).toBe(notes);
  });

  it.each([
    ["1.0", 'no chapter "## 1.0"'],
    ["1.1.0-rc.1", "no chapter"],
    ["0.9.0", "says nothing about 0.9.0"],
  ])("of %s are missing: no release", (version, says) => {
    expect(() => releaseNotes(CHANGELOG, version)).toThrow(says);
  });

  it("are written for the version that package.json names", async () => {
    expect(releaseNotes(await readFile(join(ROOT, "CHANGELOG.md"), "utf8"), packageJson.version)).not.toBe(
      "",
    );
  });
});

describe("the bill of materials", () => {
  let bill: BillOfMaterials;
  let whole: BillOfMaterials;
  let delivered: ReadonlySet<string>;

  beforeAll(async () => {
    // Where npm would leave out what is bundled, if the folder did not say otherwise.
    const env = { NODE_ENV: "production" };
    const argv = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
    whole = JSON.parse((await execa("npm", argv, { cwd: ROOT, stdin: "ignore", env })).stdout);
    const folders = bundledFolders(Object.values(metafiles));
    const packages = await Promise.all(folders.map((folder) => bundledPackage(join(ROOT, folder))));
    delivered = new Set(packages.map(({ name, version }) => `${name}@${version}`));
    bill = deliveredBill(whole, packageJson.name, packages);
  });

  it("is CycloneDX by its official schema, and a schema finds what is wrong", () => {
    const schemas = fileURLToPath(import.meta.resolve("@cyclonedx/cyclonedx-library/package.json"));
    const schema = (name: string) =>
      JSON.parse(readFileSync(join(schemas, "..", "res", "schema", `${name}.SNAPSHOT.schema.json`), "utf8"));
    const ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.addSchema(schema("spdx"), "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json");
    ajv.addSchema(schema("jsf-0.82"), "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json");
    const validate = ajv.compile(schema(`bom-${bill.specVersion}`));
    expect(validate(bill), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...bill, components: [{ name: "a", type: "thing" }] })).toBe(false);
  });

  it("names what is bundled, with checksums, and no tool of the build", () => {
    expect(bill.components.map(({ name, version }) => `${name}@${version}`).toSorted()).toEqual(
      [...delivered].toSorted(),
    );
    const names = bill.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["commander", "yaml", "@peculiar/x509"]));
    for (const tool of ["typescript", "vitest", "esbuild"]) expect(names).not.toContain(tool);
    const refs = [packageJson.name, ...names].length;
    expect(bill.dependencies).toHaveLength(refs);
  });

  it("has the checksums by which the lock knows these packages", () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
    const locked = Object.entries<{ name?: string; version: string; integrity?: string }>(packages).map(
      ([folder, { name, version, integrity = "" }]) => {
        const ref = `${name ?? folder.replace(/^.*node_modules\//, "")}@${version}`;
        return [ref, Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex")] as const;
      },
    );
    const known = new Map(locked);
    for (const { name, version, hashes } of bill.components) {
      const ref = `${name}@${version}`;
      expect(hashes, ref).toEqual([{ alg: "SHA-512", content: known.get(ref) }]);
    }
  });

  it("says nothing of a time, a folder or chance: the same sources give the same text", () => {
    expect(bill).not.toHaveProperty("serialNumber");
    expect(bill.metadata).not.toHaveProperty("timestamp");
    expect(bill.metadata.component.name).toBe("capstan");
  });

  it("cannot be made where npm does not know a bundled package", () => {
    expect(() => deliveredBill(whole, "capstan", [{ name: "left-pad", version: "1.0.0" }])).toThrow(
      "npm sbom does not name left-pad@1.0.0",
    );
  });

  it("cannot be made where npm has no checksum of a bundled package", () => {
    const [first] = bill.components;
    const bare = { ...whole, components: [{ ...first, hashes: [] }] } as BillOfMaterials;
    expect(() =>
      deliveredBill(bare, "capstan", [{ name: first?.name ?? "", version: first?.version ?? "" }]),
    ).toThrow(`npm sbom has no checksum of ${first?.name}@`);
  });
});

describe("a release is refused before anything is made", () => {
  it.each([
    ["a tag that is not the version", "release-9.9.9", "the tag is release-9.9.9, and package.json says"],
    [
      "a repository without an owner",
      `release-${packageJson.version}`,
      "put the owner of the repository there",
    ],
  ])("%s", async (_, tag, says) => {
    const ran = await execa(process.execPath, ["delivery/release.ts", tag], { cwd: ROOT, reject: false });
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(says);
  });

  const good = { tag: "release-1.0.0", version: "1.0.0", repository: "git+https://example.com/a/b.git" };

  it("files that the commit does not have", () => {
    expect(() => checkRelease({ ...good, changed: " M src/plan.ts\n?? schemas/x.schema.json\n" })).toThrow(
      /not as the commit has them.*\n M src\/plan\.ts\n\?\? schemas\/x\.schema\.json$/,
    );
    expect(() => checkRelease({ ...good, changed: "" })).not.toThrow();
  });

  it("and the owner stands in one place: package.json", () => {
    const { repository, bugs, homepage } = packageJson;
    const page = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
    expect([bugs.url, homepage]).toEqual([`${page}/issues`, `${page}#readme`]);
  });
});

/** The step of the workflow, by a shell, in a clone whose origin is a folder. */
describe("the tree that is tagged", () => {
  let folder: string;
  const git = async (...args: readonly string[]) =>
    (await execa("git", args, { cwd: join(folder, "clone") })).stdout;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "capstan-release-"));
    await execa("git", ["init", "--quiet", "--bare", join(folder, "origin")]);
    await execa("git", ["clone", "--quiet", join(folder, "origin"), join(folder, "clone")]);
    await writeFile(join(folder, "clone", ".gitignore"), "dist/\nrelease/\n");
    await writeFile(join(folder, "clone", "source.ts"), "");
    await git("add", ".");
    await git("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "sources");
    const { jobs } = parse(await readFile(join(ROOT, ".github/workflows/release.yml"), "utf8"));
    const { run } = jobs.publish.steps.find(({ name }: { name?: string }) => name === "Tag the tree");
    for (const version of ["1.2.3", "1.3.0"]) {
      const tree = join(folder, "clone", "release", "tree");
      await mkdir(join(tree, "dist"), { recursive: true });
      await writeFile(join(tree, "action.yml"), version);
      await writeFile(join(tree, "dist", "action.js"), version);
      const env = { GITHUB_REF_NAME: `release-${version}`, RUNNER_TEMP: folder };
      await execa("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", run], {
        cwd: join(folder, "clone"),
        env,
      });
    }
    await git("fetch", "--quiet", "--tags");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("holds what was made and no source, and its parent is the sources' commit", async () => {
    expect((await git("ls-tree", "-r", "--name-only", "v1.2.3")).split("\n")).toEqual([
      "action.yml",
      "dist/action.js",
    ]);
    expect(await git("rev-parse", "v1.2.3^")).toBe(await git("rev-parse", "HEAD"));
  });

  it("is found by its version for ever, and by the major as the newest", async () => {
    expect(await git("show", "v1.2.3:action.yml")).toBe("1.2.3");
    expect(await git("rev-parse", "v1")).toBe(await git("rev-parse", "v1.3.0"));
    expect(await git("status", "--porcelain")).toBe("");
  });
});
