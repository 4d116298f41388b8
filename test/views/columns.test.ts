import { describe, expect, it } from "vitest";
import { shortener } from "../../src/views/fingerprints.ts";
import { harmlessLine } from "../../src/views/harmless.ts";
import { COLUMNS, paragraph, table } from "../../src/views/text/columns.ts";

const WORDS = "the quick brown fox jumps over the lazy dog and then does it all over again for the next line";

describe("a paragraph", () => {
  it.each([
    ["", ""],
    ["    ", "      "],
    [" ".repeat(24), " ".repeat(30)],
  ])("loses no word and keeps to the columns, indented by %j", (indent, hanging) => {
    const lines = paragraph(WORDS, indent, hanging).split("\n");
    expect(lines.length).toBeGreaterThan(1);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(COLUMNS);
    expect(lines[0]?.startsWith(indent)).toBe(true);
    expect(lines.slice(1).every((line) => line.startsWith(hanging))).toBe(true);
    expect(lines.map((line) => line.trim()).join(" ")).toBe(WORDS);
  });

  it("begins with a word that is wider than the columns, not with an empty line", () => {
    const hash = "a".repeat(90);
    expect(paragraph(`${hash} has no override`, "  ", "    ").split("\n")).toEqual([
      `    ${hash}`,
      "    has no override",
    ]);
  });
});

describe("what a cluster says about itself", () => {
  it.each([
    ["\u001b[2Jnode", "node"],
    ["a\nb", "a�b"],
    ["a\u202eb", "a�b"],
    ["node1", "node1"],
  ])("%j is shown as %j", (text, shown) => {
    expect(harmlessLine(text)).toBe(shown);
  });
});

describe("a table", () => {
  it("lines columns up, wide characters too", () => {
    expect(
      table(
        [
          ["名前", "x"],
          ["a", "y"],
        ],
        "  ",
      ),
    ).toBe("  名前  x\n  a     y");
  });
});

describe("short fingerprints", () => {
  it("grow until no two look alike", () => {
    const one = `sha256:${"ab".repeat(6)}${"0".repeat(52)}` as const;
    const two = `sha256:${"ab".repeat(6)}${"1".repeat(52)}` as const;
    expect(shortener([one])(one)).toBe("abababab…");
    const shorten = shortener([one, two]);
    expect(shorten(one)).not.toBe(shorten(two));
  });
});
