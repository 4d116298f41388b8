import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { harmless } from "../../../src/views/harmless.ts";
import { clipped, exactly, line, span, spread, widthOf, wrapped } from "../../../src/views/tui/spans.ts";
import { cpuMs } from "../../world/cpu-time.ts";

const ESC = "\u001b";

describe("names that try to be more than names", () => {
  it.each([
    ["plain names stay as they are", "web-17.acme.example", "web-17.acme.example"],
    ["letters of any script stay", "größe 日本語 עברית हिन्दी", "größe 日本語 עברית हिन्दी"],
    ["colours", `${ESC}[31mred${ESC}[0m`, "�[31mred�[0m"],
    ["clearing the screen", `${ESC}[2J${ESC}[H`, "�[2J�[H"],
    ["a window title", `${ESC}]0;owned\u0007`, "�]0;owned�"],
    ["a hyperlink", `${ESC}]8;;https://evil.example${ESC}\\x`, "�]8;;https://evil.example�\\x"],
    ["the one-byte form of an escape sequence", "\u009b31mred", "�31mred"],
    ["line breaks of all kinds", "a\nb\r\nc\u2028d\u2029e\u0085f\u000bg\u000ch", "a�b��c�d�e�f�g�h"],
    ["tabs and backspaces", "a\tb\bc\u007f", "a�b�c�"],
    ["a bidirectional override", "admin\u202etxt.exe", "admin�txt.exe"],
    ["bidirectional isolates and marks", "\u2066a\u2069\u200e\u200f\u061c", "�a����"],
    ["zero-width characters", "ac\u200bme\u200d\ufeff\u2060", "ac�me���"],
    ["soft hyphens, fillers and empty braille", "a\u00ad\u115f\u3164\uffa0\u2800", "a�����"],
    ["tag characters", "a\u{e0041}\u{e007f}", "a��"],
    ["halves of surrogate pairs", "a\ud800b\udc00", "a�b�"],
    ["private use and noncharacters", "\ue000\u{f0000}\uffff", "���"],
    ["flags become letters", "🇩🇪", "DE"],
    ["emoji lose what chooses their look", "❤️👍🏽", "❤👍"],
    ["families fall apart", "👩‍💻", "👩�💻"],
    ["piles of marks are cut", `a${"\u0316".repeat(40)}b`, "a\u0316\u0316b"],
    ["blanks of odd widths become blanks", "a\u00a0b\u3000c\u2003d", "a b c d"],
  ])("%s", (_, name, shown) => {
    expect(harmless(name)).toBe(shown);
  });

  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
  );
  const printed = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]*$/u;

  it("leaves nothing that a terminal obeys, whatever it was", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(harmless(text)).toMatch(printed);
      }),
    );
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(harmless(harmless(text))).toBe(harmless(text));
      }),
    );
  });

  it("keeps every row at its width", () => {
    fc.assert(
      fc.property(anyText, anyText, fc.integer({ min: 8, max: 120 }), (one, other, width) => {
        const content = line(span(one), span(other, "bad"));
        expect(widthOf(clipped(content, width))).toBeLessThanOrEqual(width);
        expect(widthOf(exactly(content, width))).toBe(width);
        expect(widthOf(spread(line(one), line(other), width))).toBeLessThanOrEqual(width);
        for (const row of wrapped(`${one} ${other}`, width, { lead: line("  → ") })) {
          expect(widthOf(row)).toBeLessThanOrEqual(width + 4);
          for (const { text } of row) expect(text).toMatch(printed);
        }
      }),
    );
  });

  it("does not let a name of a megabyte hold up the screen", () => {
    const started = cpuMs();
    expect(widthOf(exactly(line("x\u0300".repeat(500_000)), 80))).toBe(80);
    expect(cpuMs() - started).toBeLessThan(1_000);
  });
});
