import { describe, expect, it } from "vitest";
import {
  type Absence,
  absenceOf,
  appliedAt,
  type Declared,
  declares,
  type HistoryFacts,
  historiesOf,
  orderOf,
  restartedAt,
  undeclaredIn,
} from "../../src/rotation/history.ts";
import type { ClusterRecord, RotationRecord } from "../../src/rotation/record.ts";
import { ago, CLUSTER, memory, NEW, OLD, OTHER } from "../world/host-rotation.ts";

const HEAD = "a".repeat(40);
const LAST = "b".repeat(40);
const DELETING = "d".repeat(40);
const AT = ago(60);
const NOW = ago(0);

const FACTS: HistoryFacts = {
  head: HEAD,
  applied: { commit: LAST, at: AT },
  relation: "descendant",
  why: null,
  deletions: [],
  proposal: false,
};
const FILE = "rotations/host.yaml";
const GONE = { authority: "host", retire: [OLD], commit: DELETING, file: FILE };

const recordWith = (
  rotations: readonly RotationRecord[],
  more: Partial<ClusterRecord> = {},
): ClusterRecord => ({ format_version: "1.0", cluster: CLUSTER, rotations, ...more });

const wants = (more: Partial<Declared["authorities"][number]> = {}, cluster = CLUSTER): Declared => ({
  cluster,
  authorities: [{ type: "host", retire: [OLD], ...more }],
});

describe("which rotation of the record a resource is", () => {
  it.each([
    ["the same keys of the same CA", wants(), true],
    [
      "one of its keys is enough, as an auth server with an HSM may be gone",
      wants({ retire: [OTHER, OLD] }),
      true,
    ],
    ["other keys are another rotation", wants({ retire: [NEW] }), false],
    ["another CA", wants({ type: "user" }), false],
    ["another cluster", wants({}, "other.cluster"), false],
    [
      "half of a pair",
      { ...wants(), authorities: [{ type: "user", retire: [NEW] }, ...wants().authorities] },
      true,
    ],
    [
      "a pair of which neither half is it",
      { ...wants(), authorities: [{ type: "user", retire: [OLD] }] },
      false,
    ],
  ])("%s", (_, declared, is) => {
    expect(declares(CLUSTER, declared, memory("init"))).toBe(is);
  });

  it("what is under way and not declared is missing, and what has ended never is", () => {
    const open = memory("init");
    const user = memory("init", { authority: "user", retire: [NEW] });
    const ended = memory("standby", { state: "finished", ended_at: AT });
    const record = recordWith([ended, open, user]);
    expect(undeclaredIn(record, [])).toEqual([open, user]);
    expect(undeclaredIn(record, [wants()])).toEqual([user]);
    expect(undeclaredIn(record, [wants({}, "other.cluster")])).toEqual([open, user]);
  });
});

describe("whether a commit may be applied, by its place in history", () => {
  it.each([
    ["nothing was applied yet", { applied: null, relation: "older" }, "in-order"],
    ["nobody asked", { relation: null }, "in-order"],
    ["the same", { relation: "same" }, "in-order"],
    ["one that follows", { relation: "descendant" }, "in-order"],
    ["one from before", { relation: "older" }, "older"],
    ["one beside it", { relation: "diverged" }, "diverged"],
    ["nobody can tell", { relation: "unknown" }, "unknown"],
  ] as const)("%s: %s", (_, more, order) => {
    expect(orderOf({ ...FACTS, ...more })).toMatchObject({ order });
  });

  it("who is refused is told both commits, when the last was applied, and the way on", () => {
    const said = (relation: HistoryFacts["relation"], why: string | null = null) => {
      const found = orderOf({ ...FACTS, relation, why });
      return found.order === "in-order" ? [] : [found.message, found.remedy];
    };
    const [here, last] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
    expect(said("older")).toEqual([
      `commit ${here} is older than ${last}, which was applied last (${AT})`,
      expect.stringContaining("check out the newest commit"),
    ]);
    expect(said("diverged")).toEqual([
      expect.stringContaining(`commit ${here} is neither before nor after ${last}`),
      expect.stringContaining("capstan apply --accept-history REASON"),
    ]);
    expect(said("unknown")).toEqual([
      `whether commit ${here} comes after ${last}, which was applied last (${AT}), is unknown`,
      expect.stringContaining("git fetch --unshallow"),
    ]);
    expect(said("unknown", "the clone is shallow")[0]).toMatch(/is unknown: the clone is shallow$/);
  });
});

describe("whether it is proven that git wants a rotation no more", () => {
  const open = memory("init");
  const cases: Readonly<Record<string, readonly [RotationRecord, HistoryFacts | null, Absence]>> = {
    "it is on its way out already, whatever git says": [
      memory("rollback", { state: "rolling_back" }),
      null,
      { absence: "deleted", commit: null, file: null },
    ],
    "and of the commit that led there, the record knows": [
      memory("rollback", { state: "rolling_back", deleted: DELETING }),
      null,
      { absence: "deleted", commit: DELETING, file: null },
    ],
    "nobody asked git": [
      open,
      null,
      { absence: "unproven", why: "there is no git history here that could show it" },
    ],
    "the record knows no commit": [
      open,
      { ...FACTS, applied: null, deletions: [GONE] },
      { absence: "unproven", why: "the record does not know which commit was applied last" },
    ],
    "a commit since deletes it": [
      open,
      { ...FACTS, deletions: [GONE] },
      { absence: "deleted", commit: DELETING, file: FILE },
    ],
    "the commit at hand deletes it": [
      open,
      { ...FACTS, relation: "same", deletions: [GONE] },
      { absence: "deleted", commit: DELETING, file: FILE },
    ],
    "a commit deletes another rotation of the CA": [
      open,
      { ...FACTS, deletions: [{ ...GONE, retire: [NEW] }] },
      {
        absence: "unproven",
        why: "no commit from bbbbbbbbbbbb to aaaaaaaaaaaa deletes it, by first parents",
      },
    ],
    "a commit deletes that of another CA": [
      open,
      { ...FACTS, deletions: [{ ...GONE, authority: "user" }] },
      {
        absence: "unproven",
        why: "no commit from bbbbbbbbbbbb to aaaaaaaaaaaa deletes it, by first parents",
      },
    ],
    "it was proven while something else was applied": [
      { ...open, deleted: DELETING },
      FACTS,
      { absence: "deleted", commit: DELETING, file: null },
    ],
    "that what was accepted as a new start lacks it proves nothing": [
      open,
      { ...FACTS, applied: { commit: LAST, at: AT, accepted: { instead_of: HEAD, reason: "rewritten" } } },
      {
        absence: "unproven",
        why: "no commit from bbbbbbbbbbbb, a new start that was accepted, to aaaaaaaaaaaa deletes it, by first parents",
      },
    ],
    "its history is not known": [
      open,
      { ...FACTS, relation: null, deletions: [GONE] },
      { absence: "unproven", why: "its history is not known" },
    ],
  };

  it.each(Object.entries(cases))("%s", (_, [one, facts, absence]) => {
    expect(absenceOf(one, facts)).toEqual(absence);
  });

  it.each(["older", "diverged", "unknown"] as const)(
    "what a commit that is %s lacks, it only lacks",
    (relation) => {
      expect(absenceOf(open, { ...FACTS, relation, deletions: [GONE] })).toMatchObject({
        absence: "unproven",
        why: expect.stringContaining("aaaaaaaaaaaa"),
      });
    },
  );
});

describe("the record after a run", () => {
  const open = memory("init");

  it("knows the commit, and when; of the same one when it was new", () => {
    expect(appliedAt(recordWith([]), FACTS, [], NOW).applied).toEqual({ commit: HEAD, at: NOW });
    const known = recordWith([], { applied: { commit: HEAD, at: AT } });
    expect(appliedAt(known, FACTS, [], NOW).applied).toEqual({ commit: HEAD, at: AT });
  });

  it("keeps what was proven, as the next commit may not show it any more", () => {
    const facts = { ...FACTS, deletions: [GONE] };
    const once = appliedAt(recordWith([open]), facts, [], NOW);
    expect(once.rotations).toEqual([{ ...open, deleted: DELETING }]);
    expect(appliedAt(once, FACTS, [], NOW).rotations[0]).toBe(once.rotations[0]);
  });

  it("proves nothing by what is only not there", () => {
    expect(appliedAt(recordWith([open]), FACTS, [], NOW).rotations[0]).toBe(open);
  });

  it("forgets it where git declares it again", () => {
    const gone = { ...open, deleted: DELETING };
    expect(appliedAt(recordWith([gone]), FACTS, [wants()], NOW).rotations).toEqual([
      { ...open, deleted: null },
    ]);
    expect(appliedAt(recordWith([open]), FACTS, [wants()], NOW).rotations[0]).toBe(open);
  });

  it("changes nothing of a rotation that has ended", () => {
    const ended = memory("standby", { state: "finished", ended_at: AT, deleted: DELETING });
    const facts = { ...FACTS, deletions: [{ ...GONE, commit: HEAD }] };
    expect(appliedAt(recordWith([ended]), facts, [wants()], NOW).rotations[0]).toBe(ended);
  });

  it("of another history that a person took for right, no proof of the old one holds", () => {
    const gone = { ...open, deleted: DELETING };
    const ended = memory("standby", { state: "finished", ended_at: AT, deleted: DELETING });
    const after = restartedAt(recordWith([ended, gone]), FACTS, "rewritten", NOW);
    expect(after.rotations).toEqual([ended, { ...open, deleted: null }]);
    expect(after.rotations[0]).toBe(ended);
    expect(after.applied).toEqual({
      commit: HEAD,
      at: NOW,
      accepted: { instead_of: LAST, reason: "rewritten" },
    });
    expect(restartedAt(recordWith([open]), { ...FACTS, applied: null }, "first", NOW)).toEqual(
      recordWith([open], { applied: { commit: HEAD, at: NOW } }),
    );
  });
});

describe("what git says of several clusters", () => {
  it("is asked for each record; without git there is nothing", async () => {
    const records = [recordWith([]), { ...recordWith([]), cluster: "other.cluster" }];
    expect(await historiesOf(null, records, [])).toEqual(new Map());
    const asked: unknown[] = [];
    const histories = await historiesOf(
      async (record, declared) => {
        asked.push([record.cluster, declared]);
        return { ...FACTS, why: record.cluster };
      },
      records,
      [wants()],
    );
    expect(asked).toEqual([
      [CLUSTER, [wants()]],
      ["other.cluster", [wants()]],
    ]);
    expect([...histories].map(([cluster, { why }]) => [cluster, why])).toEqual([
      [CLUSTER, CLUSTER],
      ["other.cluster", "other.cluster"],
    ]);
  });
});
