import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";

const SOURCES = ["src", "schemas", "delivery", "build.config.ts", "package.json", "tsconfig.json"];
const MADE = ["dist", "schemas", "THIRD-PARTY-NOTICES"];

/** Builds the sources of a folder in another one, in another time zone, and hands that one over while it is there. */
export async function withSecondBuild<Value>(
  folder: string,
  use: (other: string) => Promise<Value>,
): Promise<Value> {
  const other = await mkdtemp(join(tmpdir(), "capstan-build-"));
  try {
    for (const name of SOURCES) await cp(join(folder, name), join(other, name), { recursive: true });
    await symlink(resolve(folder, "node_modules"), join(other, "node_modules"));
    const env = { TZ: "Pacific/Apia", LANG: "C" };
    await execa(process.execPath, ["build.config.ts"], { cwd: other, env });
    return await use(other);
  } finally {
    await rm(other, { recursive: true, force: true });
  }
}

/** Every file that a build has made in a folder, by its path there; a byte is a character. */
export async function builtFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const name of MADE) {
    const below = await readdir(join(folder, name), { recursive: true, withFileTypes: true }).catch(
      () => null,
    );
    const paths = below?.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const path of paths ?? [join(folder, name)]) {
      files.set(path.slice(folder.length + 1), await readFile(path, "latin1"));
    }
  }
  return files;
}

/** The files of which two builds have not the same bytes, or which only one of them has. */
export function differing(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((path) => one.get(path) !== other.get(path));
}
