import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/**
 * What to do stands after an arrow, behind a sentence that ended: one voice, wherever it comes from. It begins small, as what
 * goes on, and has no stop, as a command may be its end.
 */
const SRC = join(import.meta.dirname, "..", "src");
const HINT =
  /\b(?:hint|remedy|suggestion|HINT|REMEDY|\w+_REMEDY)\??\s*[:=]\s*(?:\([^()]*\)\s*=>\s*)?(["`])((?:\\.|(?!\1)[^\\])*)\1/g;

const hints = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"))
  .flatMap((file) =>
    [...readFileSync(join(SRC, file), "utf8").matchAll(HINT)].map(([, , said = ""]) => ({ file, said })),
  )
  .filter(({ said }) => said.includes(" "));

it("finds what is said after an arrow", () => {
  expect(hints.length).toBeGreaterThan(300);
});

it("begins small", () => {
  expect(hints.filter(({ said }) => /^[A-Z][a-z]/.test(said))).toEqual([]);
});

it("has no stop at its end", () => {
  expect(hints.filter(({ said }) => said.endsWith("."))).toEqual([]);
});
