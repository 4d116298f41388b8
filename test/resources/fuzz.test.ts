import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadResources } from "../../src/resources/read/load.ts";
import { diagnosticText } from "../../src/views/text/diagnostic-text.ts";
import { FIXTURES, folderWith, NOW } from "./folder.ts";

const VALID = readFileSync(join(FIXTURES, "accepted/everything-at-once.yaml"));
const ENV = { TELEPORT_AUTH_HOST: "a", TELEPORT_IDENTITY_FILE: "b" };

/** Bytes that mean something in YAML, and any. */
const byte = fc.oneof(
  fc.constantFrom(...Buffer.from("\t\n\r #%&*:?@!|>-.,[]{}'\"\\`~$0kv=<\0\x1b\x7f\xc3\xff", "latin1")),
  fc.integer({ min: 0, max: 255 }),
);

const edit = fc.record({
  at: fc.nat(VALID.length - 1),
  remove: fc.nat(3),
  insert: fc.array(byte, { maxLength: 3 }),
});

function edited(edits: readonly { at: number; remove: number; insert: readonly number[] }[]): Buffer {
  let bytes = VALID;
  for (const { at, remove, insert } of edits)
    bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(insert), bytes.subarray(at + remove)]);
  return bytes;
}

describe("a valid file with random edits", () => {
  it("never throws, and every diagnostic has a place in the file", async () => {
    const folder = folderWith({});
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 8 }), async (edits) => {
        const bytes = edited(edits);
        writeFileSync(join(folder, "a.yaml"), bytes);
        const { diagnostics } = await loadResources(folder, ENV, NOW);
        const lines = bytes.toString("utf8").split("\n");
        for (const diagnostic of diagnostics) {
          const { file, line, column, excerpt } = diagnostic;
          expect(file).toBe("a.yaml");
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          if (excerpt !== null) expect(column).toBeLessThanOrEqual(excerpt.length + 2);
          expect(diagnosticText(diagnostic)).not.toMatch(/[^\n\P{Cc}]/u);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("one edit never makes a resource vanish without a word: an undeclared rotation is rolled back", async () => {
    const folder = folderWith({});
    await fc.assert(
      fc.asyncProperty(edit, async (single) => {
        writeFileSync(join(folder, "a.yaml"), edited([single]));
        const { state, diagnostics } = await loadResources(folder, ENV, NOW);
        const count = Object.values(state).reduce((sum, list) => sum + list.length, 0);
        if (diagnostics.length === 0) expect(count).toBe(6);
      }),
      { numRuns: 400 },
    );
  });
});

describe("any text at all", () => {
  it("never throws", async () => {
    const folder = folderWith({});
    const fragment = fc.constantFrom(
      "kind: ",
      "cluster",
      "ca_rotation",
      "\n",
      "---\n",
      "- ",
      "  ",
      "spec:",
      "metadata:",
      "version: v1",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "!!str ",
      '"',
      "'",
      "|\n",
      ">",
      "# ",
      ": ",
      "? ",
      "$" + "{",
      "A}",
      "<<",
      "__proto__: ",
      "%YAML 1.1\n",
      "...\n",
      "\uFEFF",
      "\u2028",
      "𐏿",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fragment, { maxLength: 40 }), async (parts) => {
        writeFileSync(join(folder, "a.yaml"), parts.join(""));
        await loadResources(folder, {}, NOW);
      }),
      { numRuns: 400 },
    );
  });
});
