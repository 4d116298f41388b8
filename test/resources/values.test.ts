import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/resources/model/canonical.ts";
import { formatDuration, parseDuration } from "../../src/resources/model/duration.ts";
import { parseMoment } from "../../src/resources/model/moment.ts";
import { nearest } from "../../src/resources/read/suggest.ts";

describe("durations", () => {
  it.each([
    ["30m", 1_800_000],
    ["8760h", 31_536_000_000],
    ["1h30m", 5_400_000],
    ["0s", 0],
    ["90s", 90_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["1h1m1s1ms", 3_661_001],
    ["30m1h", 5_400_000],
  ])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "30", "m", "1d", "-1h", "1 h", "1h ", "h1", "1.h", ".5h", "1e3s", "9007199254740993h"])(
    "%j is none",
    (text) => expect(parseDuration(text)).toBeNull(),
  );

  it.each([
    [0, "0s"],
    [1_800_000, "30m"],
    [5_400_000, "1h30m"],
    [31_536_000_000, "8760h"],
    [90_000, "1m30s"],
    [1500, "1s500ms"],
  ])("%d ms is written %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("are read back as they were written", () =>
    fc.assert(
      fc.property(fc.maxSafeNat(), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    ));
});

describe("dates and times", () => {
  it.each([
    ["2026-12-01", "2026-12-01T00:00:00.000Z", "2026-12-01T23:59:59.999Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z", "2028-02-29T23:59:59.999Z"],
    ["2026-12-01T18:00:00Z", "2026-12-01T18:00:00.000Z", null],
    ["2026-12-01t18:00:00z", "2026-12-01T18:00:00.000Z", null],
    ["2026-12-01 18:00", "2026-12-01T18:00:00.000Z", null],
    ["2026-12-01 18:00:00 +01:00", "2026-12-01T17:00:00.000Z", null],
    ["2026-12-01T18:00:00.123456789-05:30", "2026-12-01T23:30:00.123Z", null],
  ])("%s", (text, start, end) => {
    expect(parseMoment(text, "start")).toBe(start);
    expect(parseMoment(text, "end")).toBe(end ?? start);
  });

  it.each([
    "2026-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-12-01T25:00:00Z",
    "tomorrow",
    "2026-12",
    "1.12.2026",
  ])("%s does not exist", (text) => expect(parseMoment(text, "start")).toBeNull());
});

describe("suggestions", () => {
  const types = ["host", "user", "db", "db_client", "saml_idp"];
  it.each([
    ["hots", "host"],
    ["db-client", "db_client"],
    ["dbClient", "db_client"],
    ["DB", "db"],
    ["samlidp", "saml_idp"],
    ["everything", null],
    ["", null],
    ["x".repeat(1_000_000), null],
  ])("%.20s", (word, expected) => expect(nearest(word, types)).toBe(expected));
});

describe("canonical JSON", () => {
  it("does not depend on the order of keys, at any depth", () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: "x" })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
  });

  it("keeps the order of lists", () => expect(canonicalJson([2, 1])).toBe("[2,1]"));
});
