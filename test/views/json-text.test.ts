import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText } from "../../src/views/json/json-text.ts";

describe("hostile input: JSON that is printed", () => {
  it("reads back as it was", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(jsonText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    ["a bidirectional control", "prod\u202egnp", "prod\\u202egnp"],
    ["an isolate", "\u2066x\u2069", "\\u2066x\\u2069"],
    ["a control sequence introducer of C1", "\u009b31m", "\\u009b31m"],
    ["what takes no room", "a\u200bb", "a\\u200bb"],
    ["a tag", "\u{e0041}", "\\udb40\\udc41"],
    ["a line separator", "a\u2028b", "a\\u2028b"],
  ])("escapes %s", (_what, text, escaped) => {
    expect(jsonText({ name: text }, 0)).toBe(`{"name":"${escaped}"}`);
  });

  it("leaves letters as they are", () => {
    expect(jsonText(["Grüße", "日本", "🙂"], 0)).toBe('["Grüße","日本","🙂"]');
  });

  it("is how every command prints JSON", () => {
    const folder = join(import.meta.dirname, "..", "..", "src", "cli");
    for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || file === "sandbox.ts") continue;
      expect(readFileSync(join(folder, file), "utf8"), file).not.toMatch(
        /stdout\.write\([^;]*JSON\.stringify/,
      );
    }
  });
});
