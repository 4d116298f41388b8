import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/resources/model/desired.ts";
import { diagnosticText } from "../../src/views/text/diagnostic-text.ts";

const DIAGNOSTIC: Diagnostic = {
  severity: "error",
  file: "clusters/acme.yaml",
  line: 12,
  column: 3,
  message: 'unknown field "phse" in spec',
  excerpt: "  phse: init",
  suggestion: 'did you mean "phase"?',
};

function widths(text: string): number {
  return Math.max(...text.split("\n").map((line) => stringWidth(line)));
}

/** Where the caret stands, and the character above it. */
function pointed(text: string): string {
  const lines = text.split("\n");
  const caretLine = lines.findIndex((line) => /^ *\| *\^$/.test(line));
  const column = (lines[caretLine] ?? "").length - 1;
  let width = 0;
  for (const character of lines[caretLine - 1] ?? "") {
    if (width === column) return character;
    width += stringWidth(character);
  }
  return "";
}

describe("a diagnostic as text", () => {
  it("has place, message, line, caret and suggestion", () => {
    expect(diagnosticText(DIAGNOSTIC)).toBe(`\
clusters/acme.yaml:12:3: error: unknown field "phse" in spec
  12 |   phse: init
     |   ^
  did you mean "phase"?
`);
  });

  it("goes without a line and without a suggestion", () => {
    const bare = { ...DIAGNOSTIC, severity: "warning", excerpt: null, suggestion: null } as const;
    expect(diagnosticText(bare)).toBe('clusters/acme.yaml:12:3: warning: unknown field "phse" in spec\n');
  });

  it("breaks long messages at 80 columns", () => {
    const text = diagnosticText({
      ...DIAGNOSTIC,
      message:
        "a message that goes on and on, and has to be continued on a line of its own, twice in fact, since it is long",
      suggestion: "likewise a suggestion that has much to say about what should be done, and then some more",
    });
    expect(text).toMatchInlineSnapshot(`
      "clusters/acme.yaml:12:3: error: a message that goes on and on, and has to be
          continued on a line of its own, twice in fact, since it is long
        12 |   phse: init
           |   ^
        likewise a suggestion that has much to say about what should be done, and then
        some more
      "
    `);
    expect(widths(text)).toBeLessThanOrEqual(80);
  });

  it("cuts a long line around its column", () => {
    const excerpt = `${"a".repeat(200)}X${"b".repeat(200)}`;
    const text = diagnosticText({ ...DIAGNOSTIC, excerpt, column: 201 });
    expect(text).toMatchInlineSnapshot(`
      "clusters/acme.yaml:12:201: error: unknown field "phse" in spec
        12 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaXbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
           |                                     ^
        did you mean "phase"?
      "
    `);
    expect(pointed(text)).toBe("X");
    expect(widths(text)).toBeLessThanOrEqual(80);
  });

  it.each([
    ["tabs", "\tphase:\tX", 9],
    ["wide characters", "名前: X", 5],
    ["wide characters, many of them", `${"名".repeat(60)}X${"前".repeat(60)}`, 61],
    ["emoji", "👩‍💻🏳️‍🌈: X", "👩‍💻🏳️‍🌈: ".length + 1],
    ["combining characters", "e\u0301e\u0301: X", 7],
  ])("points at the right place behind %s", (_, excerpt, column) => {
    const text = diagnosticText({ ...DIAGNOSTIC, excerpt, column });
    const [, line = "", caret = ""] = text.split("\n");
    expect(stringWidth(line.slice(0, line.indexOf("X")))).toBe(caret.indexOf("^"));
    expect(widths(text)).toBeLessThanOrEqual(80);
  });

  it("points behind the end of a line", () => {
    const text = diagnosticText({ ...DIAGNOSTIC, excerpt: "ab", column: 3 });
    expect(text.split("\n").slice(1, 3)).toEqual(["  12 | ab", "     |   ^"]);
  });

  it("lets no file move the cursor, colour the terminal or turn text around", () => {
    const hostile = "\x1b[2J\x1b]0;x\x07\u202Eevil\x9b1m\r";
    const text = diagnosticText({
      ...DIAGNOSTIC,
      file: `${hostile}.yaml`,
      message: hostile,
      excerpt: hostile,
      suggestion: hostile,
    });
    expect(text).not.toMatch(/[^\n\P{Cc}]|\u202E/u);
  });
});
