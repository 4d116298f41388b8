import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { withoutBuiltinImports } from "../../delivery/builtin-modules.ts";
import { ONE_COLUMN } from "../../delivery/bundle.ts";

const DIST = join(import.meta.dirname, "../../dist");

describe("Node's own modules in a bundle", () => {
  it.each([
    ['import fs from"node:fs";use(fs)', "const fs=BUILT;use(fs)"],
    ['import*as fs from"node:fs";use(fs)', "const fs=BUILT;use(fs)"],
    ['import{a,b as c}from"node:fs";use(a,c)', "const{a,b:c}=BUILT;use(a,c)"],
    ['import fs,{a as b}from"node:fs";', "const fs=BUILT;const{a:b}=fs;"],
    [
      '#!/usr/bin/env node\nbefore();import fs from"node:fs";',
      "#!/usr/bin/env node\nconst fs=BUILT;before();",
    ],
    [
      'import{x}from"./chunk.mjs";await import("node:fs")',
      'import{x}from"./chunk.mjs";await import("node:fs")',
    ],
  ])("%s", (written, made) => {
    const built = 'globalThis.process.getBuiltinModule("node:fs")';
    expect(withoutBuiltinImports(written)).toBe(made.replace("BUILT", built));
  });

  it("an import of a form that nobody thought of stops the build", () => {
    expect(() => withoutBuiltinImports('export*from"node:fs";')).toThrow("another form");
  });

  it("none of what is delivered imports them", () => {
    const files = readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.m?js$/.test(file),
    );
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => /\bfrom ?"node:/.test(readFileSync(join(DIST, file), "utf8")))).toEqual([]);
  });
});

it("what is measured by its length is one column wide", () => {
  const signs = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((sign) =>
    new RegExp(`[${ONE_COLUMN}]`).test(sign),
  );
  expect(signs.length).toBeGreaterThan(200);
  expect(signs.filter((sign) => stringWidth(sign) !== 1)).toEqual([]);
});
