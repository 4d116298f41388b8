/**
 * Makes all that a release consists of in `release/`, out of the sources in the current folder, and publishes nothing:
 * `node delivery/release.ts [TAG]`. With a tag, `release-1.2.3`, it refuses what must not be published under it; the
 * workflow publishes what is made here, as it is.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { writeAction } from "./action-tree.ts";
import { deliveredBill } from "./bill-of-materials.ts";
import type { Metafiles } from "./bundle.ts";
import { bundledFolders, bundledPackage } from "./bundled-packages.ts";
import { checkRelease } from "./release-check.ts";
import { releaseNotes } from "./release-notes.ts";
import { builtFiles, differing, withSecondBuild } from "./second-build.ts";

const OUT = "release";
const TREE = join(OUT, "tree");

/** What only a clone can do with package.json: in a release nothing is built any more. */
const OF_SOURCES = ["scripts", "devDependencies", "allowScripts"];

const manifest = JSON.parse(await readFile("package.json", "utf8"));
const { name, version, repository } = manifest;
const notes = releaseNotes(await readFile("CHANGELOG.md", "utf8"), version);

const [tag] = process.argv.slice(2);
if (tag !== undefined) {
  const { stdout: changed } = await execa("git", ["status", "--porcelain"]);
  checkRelease({ tag, version, repository: repository.url, changed });
}

await execa(process.execPath, ["build.config.ts"], { stdio: "inherit" });
const here = await builtFiles(resolve("."));
const different = await withSecondBuild(".", async (other) => differing(here, await builtFiles(other)));
if (different.length > 0) throw new Error(`two builds differ in ${different.join(", ")}`);

await rm(OUT, { recursive: true, force: true });
await mkdir(TREE, { recursive: true });

// The package, and the tree of the release's commit: the same files, and the action.
const archive = join(OUT, `${name}-${version}.tgz`);
const pack = async (folder: string) =>
  execa("npm", ["pack", folder, "--silent", "--ignore-scripts", "--pack-destination", OUT]);
await pack(".");
await execa("tar", [
  "--extract",
  "--gzip",
  "--file",
  archive,
  "--directory",
  TREE,
  "--strip-components",
  "1",
]);
const released = Object.fromEntries(Object.entries(manifest).filter(([key]) => !OF_SOURCES.includes(key)));
await writeFile(join(TREE, "package.json"), `${JSON.stringify(released, null, 2)}\n`);
// Once more, without what only a clone can do: npm warns of a script that it would have to run.
await pack(`./${TREE}`);
await writeAction(TREE);

const metafiles: Metafiles = JSON.parse(await readFile("build/metafiles.json", "utf8"));
const packages = await Promise.all(bundledFolders(Object.values(metafiles)).map(bundledPackage));
const { stdout: whole } = await execa("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]);
const bill = join(OUT, `${name}-${version}.cdx.json`);
await writeFile(bill, `${JSON.stringify(deliveredBill(JSON.parse(whole), name, packages), null, 2)}\n`);
await writeFile(join(OUT, "NOTES.md"), notes);

// As `sha256sum --check` reads them, in this folder.
const summed = [archive, bill, join(TREE, "dist", "action.js"), join(TREE, "action.yml")];
const sums = await Promise.all(
  summed.map(async (path) => {
    const sum = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    return `${sum}  ${path.slice(OUT.length + 1)}\n`;
  }),
);
await writeFile(join(OUT, "SHA256SUMS"), sums.join(""));
process.stdout.write(`${OUT}/ holds ${name} ${version}; two builds of it were equal.\n${sums.join("")}`);
