import { describe, expect, it } from "vitest";
import { explained, inShort } from "../../src/checks/explained.ts";
import { sampleOf } from "../../src/checks/sample.ts";
import { evidenceText } from "../../src/checks/words.ts";
import { NOW } from "../world/host-rotation.ts";
import { ownCheck, result } from "../world/own-checks.ts";

const LOGIN = ownCheck("login");
const sampled = (outcome: "passed" | "failed", minutes: number, passed: number) => ({
  ...result(LOGIN, outcome, minutes),
  passed,
  of: 3,
});

describe("what is known of a check, in a line", () => {
  it.each([
    [null, null, "not_yet", "not run yet"],
    [sampled("passed", 0.2, 3), sampled("passed", 90, 3), "passed", "3 of 3, 12 s ago; baseline 3 of 3"],
    [sampled("failed", 5, 2), sampled("passed", 90, 3), "failed", "2 of 3, 5 min ago; baseline 3 of 3"],
    [sampled("passed", 180, 3), null, "passed", "3 of 3, 3 h ago"],
    [sampled("passed", 60 * 72, 3), null, "passed", "3 of 3, 3 days ago"],
    [result(LOGIN, "not_run", 5), null, "not_run", "could not be run, 5 min ago"],
    [
      sampled("passed", 5, 3),
      null,
      "not_yet",
      "not run since the last transition; before it 3 of 3, 5 min ago",
    ],
  ] as const)("%#", (last, baseline, state, text) => {
    expect(evidenceText({ last, baseline, state }, NOW)).toBe(text);
  });
});

describe("what explains a failure", () => {
  it("is one line, of which a terminal obeys nothing", () => {
    expect(explained("one\u001b[31m red\u001b[0m\r\ntwo\u202e\u0007  three\n")).toBe("one red two three");
  });

  it("is the end of what was printed", () => {
    const text = explained(`${"noise ".repeat(100)}ERROR: access denied`);
    expect(text.length).toBeLessThanOrEqual(241);
    expect(text).toMatch(/^….*ERROR: access denied$/);
  });
});

it("of many that failed the first are told, and how many more there are", () => {
  expect(inShort(["a: no", "b:\nno"])).toBe("a: no; b: no");
  expect(inShort(["a", "b", "c", "d", "e"])).toBe("a; b; c; and 2 more");
});

describe("a sample", () => {
  const nodes = ["e", "a", "c", "b", "d"];

  it("is other ones each time, until all had their turn", () => {
    const turns = [0, 1, 2].map((turn) => sampleOf(nodes, 2, turn));
    expect(turns).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e", "a"],
    ]);
  });

  it("is everybody where there are not more", () => {
    expect(sampleOf(nodes, 9, 4)).toEqual(["a", "b", "c", "d", "e"]);
  });
});
