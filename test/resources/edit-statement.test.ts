import { expect, it } from "vitest";
import { addStatement } from "../../src/resources/edit/edit-statement.ts";

const STATED = { step: "db/init/a", who: "Ada <ada@x.org>", note: "yes: all # nine", at: "2026-11-21" };
const PLAIN = `    - step: db/init/a
      who: Ada <ada@x.org>
      note: "yes: all # nine"
      at: 2026-11-21
`;
const FLOW = '{ step: "db/init/a", who: "Ada <ada@x.org>", note: "yes: all # nine", at: "2026-11-21" }';

function file(rest: string): string {
  return `# ours
kind: ca_rotation
version: v1
metadata: { name: r }
spec:
  cluster: c
  authorities: [{ type: host, retire: [sha256:aa] }]
  phase: init   # since monday
${rest}`;
}

const add = (text: string) =>
  addStatement(text, { kind: "ca_rotation", name: "r", cluster: "c" }, "acknowledge", STATED);

it.each([
  ["no list yet", "", `  acknowledge:\n${PLAIN}`],
  ["another document behind it", "---\nkind: x\n", `  acknowledge:\n${PLAIN}---\nkind: x\n`],
  [
    "a list in block style, with a comment behind it",
    "  acknowledge:\n    - { step: db/init/b, who: bob } # late\n# the end\n",
    `  acknowledge:\n    - { step: db/init/b, who: bob } # late\n${PLAIN}# the end\n`,
  ],
  [
    "a list in brackets",
    "  acknowledge: [{ step: b, who: bob }]\n",
    `  acknowledge: [{ step: b, who: bob }, ${FLOW}]\n`,
  ],
  ["an empty list", "  acknowledge: []   # none\n", `  acknowledge:\n${PLAIN.trimEnd()}   # none\n`],
])("adds to %s, and leaves every other byte", (_, before, after) => {
  expect(add(file(before))).toBe(file(after));
});

it("keeps line ends, and ends a last line that was not", () => {
  const text = file("").trimEnd().replaceAll("\n", "\r\n");
  expect(add(text)).toBe(`${text}\r\n${`  acknowledge:\n${PLAIN}`.replaceAll("\n", "\r\n")}`);
});

it("says so where none of the ways to write it fits", () => {
  const flow = "kind: ca_rotation\nversion: v1\nmetadata: { name: r }\nspec: { cluster: c, phase: init }\n";
  expect(() => add(flow)).toThrow("cannot edit spec");
});
