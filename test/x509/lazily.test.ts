import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "..", "..", "src");
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(SRC, file), "utf8") }));

/** Modules of the room that bring the library along, by their own import of it. */
const SLOW = files.filter(({ text }) => text.includes('from "./library.ts"')).map(({ file }) => file);

describe("the X.509 library is loaded only where a certificate is taken apart or made", () => {
  it("is behind modules of its own room", () => {
    expect(SLOW.sort()).toEqual([
      "x509/decode.ts",
      "x509/extensions.ts",
      "x509/issue.ts",
      "x509/raw-spki.ts",
    ]);
  });

  it.each(SLOW.map((file) => file.replace("x509/", "")))(
    "%s is imported for its types, or later on",
    (module) => {
      const eager = new RegExp(
        `^(?:import|export) (?!type)[^;(]*"[./]*(?:x509)?/${module.replace(".", "\\.")}"`,
        "m",
      );
      expect(eager.test(`import { x } from "../x509/${module}";`)).toBe(true);
      expect(eager.test(`import { x } from "./${module}";`)).toBe(true);
      const eagerly = files.filter(({ text }) => eager.test(text)).map(({ file }) => file);
      expect(eagerly.filter((file) => !SLOW.includes(file))).toEqual([]);
    },
  );
});
