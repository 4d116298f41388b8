import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const locked: Readonly<Record<string, Locked>> = JSON.parse(read("package-lock.json")).packages;

/** Where a package of the lock finds another one: below itself, or below a folder that it lies in. */
function found(name: string, from: string): boolean {
  if (`${from === "" ? "" : `${from}/`}node_modules/${name}` in locked) return true;
  return from !== "" && found(name, from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))));
}

// A lock that was made on one platform and lacks the others is refused by `npm ci` there, and by newer npm everywhere.
it("the lock has every optional package, so that npm ci works on every platform", () => {
  const optional = Object.entries(locked).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).map((name) => ({ from, name })),
  );
  expect(optional.length).toBeGreaterThan(100);
  expect(optional.filter(({ from, name }) => !found(name, from))).toEqual([]);
});

it.each(["package.json", ".ci/run", ".github/workflows/ci.yml", ".github/actions/capstan/action.yml"])(
  "%s takes what is locked, and nothing newer",
  (path) => {
    expect(read(path)).not.toMatch(/\bnpm (?:i|install|add|update)\b/);
  },
);
