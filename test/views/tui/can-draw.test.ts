import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { canDraw } from "../../../src/views/tui/can-draw.ts";

const TTY = { isTTY: true };
const PIPE = {};

describe("whether there is a screen", () => {
  it.each([
    ["a terminal", { TERM: "xterm-256color" }, TTY, TTY, true],
    ["a terminal that says nothing", {}, TTY, TTY, true],
    ["keys from a pipe", {}, PIPE, TTY, false],
    ["output into a pipe", {}, TTY, PIPE, false],
    ["CI", { CI: "true" }, TTY, TTY, false],
    ["a terminal with CI=false", { CI: "false" }, TTY, TTY, true],
    ["a terminal that cannot move its cursor", { TERM: "dumb" }, TTY, TTY, false],
  ])("%s", (_, env, stdin, stdout, drawn) => {
    expect(canDraw(env, { stdin, stdout })).toBe(drawn);
  });

  it("is asked without loading anything", () => {
    expect(readFileSync("src/views/tui/can-draw.ts", "utf8")).not.toMatch(/^import|import\(/m);
  });
});
