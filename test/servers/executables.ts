import { accessSync, constants, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

/** Where servers live that are not in the PATH of an ordinary user. */
const FOLDERS = [
  "/usr/local/sbin",
  "/usr/sbin",
  "/sbin",
  ...globSync("/usr/lib/postgresql/*/bin").sort().reverse(),
];

/** Path of an executable, `null` where it is not installed. */
export function findExecutable(name: string): string | null {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...FOLDERS]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return null;
}

/**
 * Tests that need executables which `npm test` does not install: skipped by name where one is missing, but not
 * in CI, where `.ci/run` installs them and a missing one fails the test that starts it.
 */
export function describeWith(names: readonly string[], title: string, tests: () => void): void {
  const missing = names.filter((name) => findExecutable(name) === null);
  if (missing.length === 0 || process.env["CI"] === "true") describe(title, tests);
  else describe.skip(`${title} (skipped: ${missing.join(", ")} not installed)`, tests);
}

/** The path, or an error that says what to install. */
export function needExecutable(name: string, debianPackage: string): string {
  const path = findExecutable(name);
  if (path === null) throw new Error(`${name} is not installed: apt-get install ${debianPackage}`);
  return path;
}
