import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { BuiltFile } from "./bundle.ts";

/**
 * A folder of the build that may be in use while it is made anew: a file is replaced whole, and what only the build
 * before had goes last, as who runs it may still load pieces.
 */
export class BuiltFolder {
  readonly #folder: string;
  readonly #paths = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put({ path, contents }: BuiltFile, mode = 0o644): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const beside = `${path}.${process.pid}.new`;
    await writeFile(beside, contents, { mode });
    await rename(beside, path);
    this.#paths.add(relative(this.#folder, path));
  }

  async removeOthers(): Promise<void> {
    const found = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    for (const entry of found) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      if (!this.#paths.has(relative(this.#folder, path))) await rm(path);
    }
  }
}
