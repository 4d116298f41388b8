import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChangeFinding, Plan } from "../../src/rotation/plan.ts";
import { cell, code, fence, html, link, prose } from "../../src/views/markdown/inline.ts";
import { COMMENT_LIMIT, type MarkdownOptions, planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { LINKED, looseText, markdownNodes, markdownShape, parsedMarkdown } from "./parsed-markdown.ts";
import {
  blocked,
  blockedInPart,
  finished,
  HOSTILE,
  hostile,
  incomplete,
  manyClusters,
  nothingToDo,
  overrideEnabled,
  overridesDue,
  pointOfNoReturn,
  ready,
  readyAndThenByHand,
  rollingBack,
  waived,
  waivedByPullRequest,
  walk,
} from "./plans.ts";

const OPTIONS: MarkdownOptions = {
  link: "https://github.com/acme/pki/actions/runs/42",
  fingerprint: `sha256:${"5e".repeat(32)}`,
};

const DIFF = [
  "--- a/rotations/host-2026-11.yaml",
  "+++ b/rotations/host-2026-11.yaml",
  "@@ -6,4 +6,4 @@",
  "   cluster: acme.cluster",
  "-  phase: init",
  "+  phase: update_clients",
].join("\n");

/** The ready plan of a pull request. */
function changed(changes: readonly string[], findings: readonly ChangeFinding[] = []): Plan {
  return {
    ...ready(),
    ...(findings.length > 0 ? { outcome: "blocked", verdict: "blocked" } : {}),
    base: { commit: "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00", connections: [], changes, findings },
  };
}

const GOLDEN: Readonly<Record<string, () => string>> = {
  "nothing-to-do": () => planMarkdown(nothingToDo(), OPTIONS),
  "blocked-in-part": () => planMarkdown(blockedInPart(), OPTIONS),
  "ready-and-then-by-hand": () => planMarkdown(readyAndThenByHand(), OPTIONS),
  ready: () =>
    planMarkdown(changed(["acme.cluster: rotation host-2026-11 moves from init to update_clients"]), {
      ...OPTIONS,
      diff: DIFF,
      planFile: "plan.json",
    }),
  "refused-change": () =>
    planMarkdown(
      changed(
        ["acme.cluster: rotation host-2026-11 is added, at update_servers"],
        [
          {
            severity: "error",
            subject: "rotation/host-2026-11",
            message: "goes from standby to update_servers in one change, over 3 edges",
            remedy: "write `phase: init`, or `strategy: walk` to go as far as the guards allow",
          },
          {
            severity: "warning",
            subject: "rotation/*@everyone*](http://x)",
            message: "is removed while it is at init: apply rolls it back",
            remedy: "if that is not meant, keep it until it is at standby",
          },
        ],
      ),
      { ...OPTIONS, diff: DIFF },
    ),
  walk: () => planMarkdown(walk(), OPTIONS),
  blocked: () => planMarkdown(blocked(), { ...OPTIONS, diff: DIFF }),
  "point-of-no-return": () => planMarkdown(pointOfNoReturn(), OPTIONS),
  waived: () => planMarkdown(waived(), OPTIONS),
  "waived-by-pull-request": () => planMarkdown(waivedByPullRequest(), { ...OPTIONS, diff: DIFF }),
  "rolling-back": () => planMarkdown(rollingBack(), OPTIONS),
  finished: () => planMarkdown(finished(), OPTIONS),
  incomplete: () => planMarkdown(incomplete(), OPTIONS),
  "override-enabled": () => planMarkdown(overrideEnabled(), OPTIONS),
  "300-busy-clusters": () => planMarkdown(manyClusters(300, 300), { ...OPTIONS, diff: DIFF }),
  "overrides-due": () => planMarkdown(overridesDue(), OPTIONS),
  "300-clusters": () => planMarkdown(manyClusters(), { ...OPTIONS, diff: DIFF }),
  "hostile-names": () =>
    HOSTILE.slice(0, 9)
      .map((text) => planMarkdown(hostile(text), { ...OPTIONS, diff: `+name: ${text}` }))
      .join("\n---\n\n"),
};

describe("a comment", () => {
  it.each(Object.keys(GOLDEN))("golden: %s", async (name) => {
    await expect(GOLDEN[name]?.()).toMatchFileSnapshot(`golden/${name}.md`);
  });
});

describe("nothing from a cluster leaves its place", () => {
  const tame = markdownShape(planMarkdown(hostile("node"), OPTIONS));

  it.each(HOSTILE)("%j", (text) => {
    const written = planMarkdown(hostile(text), OPTIONS);
    expect(markdownShape(written)).toEqual(tame);
    for (const loosened of looseText(written)) expect(loosened).not.toMatch(LINKED);
    for (const sign of ["\u001b", "\u202e", "\u2028", "\u2029", "\u200b"])
      expect(written).not.toContain(sign);
  });

  const bits = [
    ..."`*_~|\\<>[](){}#@!$&:;/.,-+=\"' \n\t1a\u202e\u00a0",
    ...["<!--", "-->", "https://", "```", "~~~", "www.", "gh-1", "x@y.z", "[ ]", "\\|"],
  ];
  const anything = fc.array(fc.constantFrom(...bits), { maxLength: 30 }).map((parts) => parts.join(""));

  it("whatever it is made of", () => {
    fc.assert(
      fc.property(anything, (name) => {
        const written = planMarkdown(hostile(name), OPTIONS);
        expect(markdownShape(written)).toEqual(tame);
        for (const loosened of looseText(written)) expect(loosened).not.toMatch(LINKED);
      }),
      { numRuns: 100 },
    );
  });

  it("a sentence is words and code, wherever it stands", () => {
    fc.assert(
      fc.property(anything, (text) => {
        for (const written of [`- ${prose(text)}\n  → ${prose(text)}\n`, `${prose(text)}\n`]) {
          const types = new Set([...markdownNodes(parsedMarkdown(written))].map(({ node }) => node.type));
          for (const known of ["root", "list", "listItem", "paragraph", "text", "inlineCode"] as const)
            types.delete(known);
          expect([...types]).toEqual([]);
          for (const loosened of looseText(written)) expect(loosened).not.toMatch(LINKED);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("a diff stays in its fence", () => {
    for (const text of HOSTILE) {
      const blocks = [...markdownNodes(parsedMarkdown(fence(`+a: ${text}\n-b`, "diff")))];
      expect(blocks.map(({ node }) => node.type)).toEqual(["root", "code"]);
    }
  });
});

describe("inline", () => {
  it.each([
    ["a plain sentence, with a comma.", "a plain sentence, with a comma."],
    ["`capstan rotate start host` writes it", "`capstan rotate start host` writes it"],
    ["signs with sha256:0a0a, not node/x", "signs with `sha256:0a0a`, not `node/x`"],
    ["ask @acme/admins @bob now", "ask `@acme/admins @bob` now"],
    [
      "id f708d2e6-ae73-4738-86b2-c282bab5e9e9 of host-2026-11",
      "id `f708d2e6-ae73-4738-86b2-c282bab5e9e9` of `host-2026-11`",
    ],
    ["update_clients → update_servers", "`update_clients` → `update_servers`"],
    ["(phase init, mode auto)", "(phase init, mode auto)"],
    ["foo(bar) and (foo_bar)", "`foo(bar)` and (`foo_bar`)"],
    ["a ` b", "a `` ` `` b"],
    ["`a``b`", "``` `a``b` ```"],
    ["`a`@b `c`", "`a` `@b` `c`"],
    ["version 18.7.0 since 2026-11-21T12:00:00Z", "version `18.7.0` since `2026-11-21T12:00:00Z`"],
    ["deadbeef1 GH-1 ABC-12 1.", "`deadbeef1 GH-1 ABC-12 1`."],
  ])("prose %j", (text, expected) => {
    expect(prose(text)).toBe(expected);
  });

  it("code is as long as its fence has to be", () => {
    expect(code("a")).toBe("`a`");
    expect(code("a``b")).toBe("```a``b```");
    expect(code("`a")).toBe("`` `a ``");
    expect(code(" ")).toBe("(empty)");
  });

  it("a cell keeps its pipes", () => {
    const table = `| a |\n| --- |\n| ${cell("x | y")} |\n`;
    const cells = [...markdownNodes(parsedMarkdown(table))].flatMap(({ node }) =>
      node.type === "inlineCode" ? [node.value] : [],
    );
    expect(cells).toEqual(["x | y"]);
  });

  it("html is text", () => {
    expect(html("</summary><b>&")).toBe("<code>&#60;/summary&#62;&#60;b&#62;&#38;</code>");
  });

  it.each([
    ["https://example.com/a(b)", "[run](<https://example.com/a(b)>)"],
    ["https://example.com/<x>", "[run](<https://example.com/%3Cx%3E>)"],
    ["javascript:alert(1)", "`javascript:alert(1)`"],
    ["no address", "`no address`"],
  ])("link %j", (address, expected) => {
    expect(link("run", address)).toBe(expected);
  });
});

describe("within its limit", () => {
  const sizes: readonly (readonly [string, Plan])[] = [
    ["300 clusters", manyClusters()],
    ["300 clusters, all busy", manyClusters(300, 300)],
    ["3000 clusters, all busy", manyClusters(3_000, 3_000)],
  ];

  it.each(sizes)("%s: verdict, what blocks and the point of no return stay", (_, plan) => {
    for (const limit of [COMMENT_LIMIT, 20_000, 5_000]) {
      const text = planMarkdown(plan, { ...OPTIONS, limit, diff: DIFF });
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(text).toContain("**Blocked in part.**");
      expect(text).toContain("**Point of no return.**");
      expect(text).toMatch(/- \*\*roster\*\* (is unknown, and )?blocks /);
      expect(text).toContain("Left out");
      expect(text).toContain("[the summary of the run](<https://github.com/acme/pki/actions/runs/42>)");
      expect(text.indexOf("**Blocked in part.**")).toBeLessThan(200);
    }
  });

  it("what is left out is in the text, and nothing is said where nothing is", () => {
    expect(planMarkdown(blocked(), OPTIONS)).not.toContain("Left out");
    const whole = planMarkdown(blocked(), OPTIONS);
    const short = planMarkdown(blocked(), { ...OPTIONS, limit: whole.length - 1 });
    expect(short).toMatch(/Left out.*tables of certificates \(1\)/);
  });

  it("details go in the order of what they are worth", () => {
    const plan = manyClusters(40, 40);
    const whole = planMarkdown(plan, { ...OPTIONS, limit: 10_000_000 });
    const kinds = [
      ["certificates", "| CA | key |"],
      ["guards", "<details><summary>Guards that pass"],
      ["findings", "    → "],
      ["steps", "1. **host: "],
    ] as const;
    let before = kinds.map(([, mark]) => whole.split(mark).length - 1);
    for (let limit = whole.length; limit > 12_000; limit -= 4_000) {
      const text = planMarkdown(plan, { ...OPTIONS, limit });
      const now = kinds.map(([, mark]) => text.split(mark).length - 1);
      for (const [index, number] of now.entries()) {
        expect(number).toBeLessThanOrEqual(before[index] ?? 0);
        // Nothing goes while something of less worth is still there.
        if (number < (before[index] ?? 0) && index >= 2) expect(now[0]).toBe(0);
      }
      before = now;
    }
  });
});
