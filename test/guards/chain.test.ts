import { describe, expect, it } from "vitest";
import { guardsOf, judgeAll } from "../../src/guards/chain.ts";
import { GUARD_TOPICS, type GuardInput } from "../../src/profile/profile.ts";
import type { Waiver } from "../../src/resources/model/desired.ts";
import type { Edge } from "../../src/rotation/phase.ts";
import type { SpentWaiver } from "../../src/rotation/record.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import {
  ago,
  authority,
  cluster,
  components,
  memory,
  NOW,
  observation,
  rotation,
} from "../world/host-rotation.ts";
import { verdictText } from "../world/verdict-text.ts";

const STEP: Edge = { from: "init", to: "update_clients" };
/** Somebody who is gone: the roster's one finding is about it. */
const FINDING = "node/node2";

const scrapped = (change: Partial<Waiver> = {}): Waiver => ({
  guard: "roster",
  subject: FINDING,
  reason: "scrapped",
  expires: ago(-60),
  ...change,
});
const spentOn = (edge: Edge, change: Partial<Waiver> = {}): SpentWaiver => ({
  ...scrapped(change),
  from: edge.from,
  to: edge.to,
});

function input(waive: readonly Waiver[], spent: readonly SpentWaiver[] = []): GuardInput {
  return {
    cluster: cluster(),
    observation: observation("init", {
      components: components("init").filter(({ name }) => name !== "node2"),
    }),
    authority: authority("init"),
    rotation: rotation("update_clients", { waive }),
    record: memory("init", { spent }),
    consumers: [],
    edge: STEP,
    now: NOW,
  };
}

function said(given: GuardInput): string {
  return verdictText(judgeAll(given).find(({ id }) => id === "roster"));
}

describe("guards of a platform", () => {
  it("each once, by topic", () => {
    const topics = guardsOf(TELEPORT).map(({ about }) => GUARD_TOPICS.indexOf(about));
    expect(topics).toEqual(topics.toSorted((one, other) => one - other));
    const ids = guardsOf(TELEPORT).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(TELEPORT.guards.map(({ id }) => id)));
  });
});

describe("a finding and the waivers in git", () => {
  it.each([
    ["none", [], [], "fail"],
    ["of this guard about this subject", [scrapped()], [], "pass"],
    ["of another guard about this subject", [scrapped({ guard: "components-ready" })], [], "fail"],
    ["of this guard about another subject", [scrapped({ subject: "node/node3" })], [], "fail"],
    ["that ends at this very moment", [scrapped({ expires: ago(0) })], [], "fail"],
    ["that lasts a millisecond more", [scrapped({ expires: new Date(NOW + 1).toISOString() })], [], "pass"],
    ["that this step used up, in a run that was killed", [scrapped()], [spentOn(STEP)], "pass"],
    ["that a step to elsewhere used up", [scrapped()], [spentOn({ from: "init", to: "rollback" })], "fail"],
    [
      "that a step from elsewhere used up",
      [scrapped()],
      [spentOn({ from: "standby", to: "update_clients" })],
      "fail",
    ],
    [
      "of which one is used up, and another is not",
      [scrapped(), scrapped({ reason: "scrapped, too" })],
      [spentOn({ from: "standby", to: "init" })],
      "pass",
    ],
  ] satisfies readonly [string, readonly Waiver[], readonly SpentWaiver[], string][])(
    "%s",
    (_, waive, spent, outcome) => {
      expect(said(input(waive, spent)).split("\n")[0]).toBe(outcome);
    },
  );

  it("the one that lasts longest says until when", () => {
    const short = scrapped({ expires: ago(-30), reason: "short" });
    const long = scrapped({ expires: ago(-90), reason: "long" });
    for (const waive of [
      [short, long],
      [long, short],
    ])
      expect(said(input(waive))).toBe(`pass\n~${FINDING}: long, until ${ago(-90)}`);
  });

  it("what is used up is told, with the step that used it", () => {
    const text = said(input([scrapped()], [spentOn({ from: "standby", to: "init" })]));
    expect(text).toContain("; the waiver (scrapped) covers standby → init and no other step");
    expect(text).toContain("takes a waiver of its own");
  });

  it("without a rotation in git nothing can be accepted, and no command is told for it", () => {
    const text = said({ ...input([]), rotation: null });
    expect(text).toMatch(/^fail\nnode\/node2: /);
    expect(text).not.toContain("To accept it");
    expect(said(input([]))).toContain("To accept it: `capstan waive roster node/node2");
  });
});
