import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** A package of which code is in what is delivered. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As its package.json says: an SPDX expression. */
  readonly license: string;
  /** What it says about its license and its makers, a text a file. */
  readonly texts: readonly string[];
}

const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:\W|$)/i;

/** Texts for packages that come without, each with the reason why it is right. */
const OWN_TEXTS = join(import.meta.dirname, "licenses");

/** The folders of packages of which something got into a bundle; what was shaken out does not count. */
export function bundledFolders(metafiles: readonly Pick<Metafile, "outputs">[]): readonly string[] {
  const inputs = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap((output) => Object.entries(output.inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = inputs.flatMap(([path]) => PACKAGE_FOLDER.exec(path)?.[0] ?? []);
  return [...new Set(folders)].toSorted();
}

/** Throws an `Error` for a package that says nothing about its license. */
export async function bundledPackage(folder: string): Promise<BundledPackage> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  if (typeof license !== "string") throw new Error(`${folder}/package.json names no license`);
  const files = (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).toSorted();
  const own = (await readdir(OWN_TEXTS)).filter((file) => file === `${name.replace("/", "__")}.txt`);
  const paths =
    files.length > 0 ? files.map((file) => join(folder, file)) : own.map((file) => join(OWN_TEXTS, file));
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  if (texts.every((text) => text.trim() === "")) {
    throw new Error(`${folder} has no license text; look one up, and put it into delivery/licenses/`);
  }
  return { name, version, license, texts };
}
