import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * Each exported name means one thing in the whole tree. The emulated clusters are told apart: what a real platform calls so
 * is called so there too, and nothing of the product imports it.
 */
const MAY_BE_TWO: Readonly<Record<string, string>> = {};

const SRC = join(import.meta.dirname, "..", "src");
const DEFINITION = /^export (?:async )?(?:abstract )?(?:function|const|class|interface|type) (\w+)/;

interface Definition {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly isDocumented: boolean;
}

const definitions: readonly Definition[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"))
  .flatMap((file) => {
    const lines = readFileSync(join(SRC, file), "utf8").split("\n");
    return lines.flatMap((text, index) => {
      const name = DEFINITION.exec(text)?.[1];
      const isDocumented = lines[index - 1]?.endsWith("*/") === true;
      return name === undefined ? [] : [{ name, file, line: index + 1, isDocumented }];
    });
  });

/** The product, and each emulated cluster: the emulations know nothing of each other, and nobody outside knows their parts. */
function houseOf(file: string): string {
  return /^sandbox\/(teleport|talos)\//.exec(file)?.[0] ?? (file.startsWith("sandbox/") ? "sandbox/" : "");
}

/** What both platforms bring is called the same in both: the parts of a profile, and the guards that they share by id. */
function isOfEachPlatform(files: readonly string[]): boolean {
  const rooms = files.map((file) => /^(?:teleport|talos)\//.exec(file)?.[0] ?? "");
  return !rooms.includes("") && new Set(rooms).size === files.length;
}

describe("an exported name means one thing", () => {
  const files = Map.groupBy(definitions, ({ name, file }) => `${houseOf(file)}${name}`);
  const several = [...files.values()]
    .map((all) => ({ name: all[0]?.name ?? "", files: [...new Set(all.map(({ file }) => file))] }))
    .filter((one) => one.files.length > 1 && !isOfEachPlatform(one.files));

  it("in the whole tree", () => {
    expect(several.filter(({ name }) => !(name in MAY_BE_TWO))).toEqual([]);
  });

  it("and the list of those that may mean two is no longer than it has to be", () => {
    const found = new Set(several.map(({ name }) => name));
    expect(Object.keys(MAY_BE_TWO).filter((name) => !found.has(name))).toEqual([]);
  });
});

describe("an export says what it gives", () => {
  it("outside of the sandbox and the screen", () => {
    const silent = definitions
      .filter(({ file, isDocumented }) => !isDocumented && !/^(sandbox|views\/tui)\//.test(file))
      .map(({ file, line, name }) => `src/${file}:${line} ${name}`);
    expect(silent).toEqual([]);
  });
});
