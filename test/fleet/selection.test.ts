import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSelection, selectClusters } from "../../src/fleet/selection.ts";
import { isInShard, parseShard, shardOf } from "../../src/fleet/shard.ts";
import type { ClusterResource } from "../../src/resources/model/desired.ts";
import { DEFAULT_POLICY } from "../../src/resources/read/build.ts";

function cluster(name: string, labels?: Record<string, string>): ClusterResource {
  return {
    name,
    source: { file: `${name}.yaml`, line: 1 },
    platform: "teleport",
    connection: null,
    peers: [],
    policy: DEFAULT_POLICY,
    ...(labels === undefined ? {} : { labels }),
  };
}

const FLEET = [
  cluster("a.example", { ring: "canary", env: "prod" }),
  cluster("b.example", { ring: "rest", env: "prod" }),
  cluster("c.example", { ring: "rest", env: "test" }),
  cluster("d.example"),
];

function selected(flags: Parameters<typeof parseSelection>[0]): readonly string[] {
  return selectClusters(FLEET, parseSelection(flags), "infra").map(({ name }) => name);
}

describe("which clusters are meant", () => {
  it.each([
    [{}, "a b c d"],
    [{ cluster: ["c.example", "a.example", "c.example"] }, "a c"],
    [{ selector: ["ring=rest"] }, "b c"],
    [{ selector: ["ring=rest", "env=prod"] }, "b"],
    [{ selector: ["env=prod"], cluster: ["b.example", "c.example"] }, "b"],
  ])("%j: %s", (flags, names) => {
    expect(selected(flags).map((name) => name.charAt(0))).toEqual(names.split(" "));
  });

  it.each([
    [{ cluster: ["a.exampel"] }, 'no cluster "a.exampel" in infra', 'did you mean "a.example"?'],
    [
      { cluster: ["zzz"] },
      'no cluster "zzz" in infra',
      "there are: a.example, b.example, c.example, d.example",
    ],
    [{ selector: ["ring=canry"] }, "label ring=canry", "there are ring=canary (1), ring=rest (2)"],
    [
      { selector: ["rnig=canary"] },
      "label rnig=canary",
      "there are env=prod (2), env=test (1), ring=canary (1)",
    ],
    [{ selector: ["ring=canary"], cluster: ["d.example"] }, "among d.example", "none of them has a label"],
    // What every object has is no label.
    [{ selector: ["constructor=x"] }, "label constructor=x", "there are env=prod"],
    [{ selector: ["ring"] }, "--selector ring is no label", "KEY=VALUE"],
    [{ selector: ["=canary"] }, "--selector =canary is no label", "KEY=VALUE"],
  ])("%j is an error that says what there is", (flags, message, hint) => {
    expect(() => selected(flags)).toThrow(
      expect.objectContaining({
        code: "usage",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      }),
    );
  });
});

describe("the part of one machine", () => {
  it("is told by the first 8 bytes of the hash of the name", () => {
    const digest = createHash("sha256").update("acme.cluster").digest("hex").slice(0, 16);
    const index = Number(BigInt(`0x${digest}`) % 7n);
    expect(isInShard("acme.cluster", { index, of: 7 })).toBe(true);
  });

  it("gives every cluster to one machine, whatever the others are", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 64 }), (name, of) => {
        const owners = Array.from({ length: of }, (_, index) => index).filter((index) =>
          isInShard(name, { index, of }),
        );
        expect(owners).toHaveLength(1);
      }),
    );
  });

  it("may be empty: another machine has them", () => {
    const parts = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => selected({ shard: `${index}/8` }));
    expect(parts.flat().toSorted()).toEqual(FLEET.map(({ name }) => name));
    expect(parts).toContainEqual([]);
  });

  it("is refused where a cluster is named that another machine has, which is said", () => {
    const [{ name } = cluster("none")] = FLEET;
    const theirs = shardOf(name, 7);
    expect(selected({ cluster: [name], shard: `${theirs}/7` })).toEqual([name]);
    expect(() => selected({ cluster: [name], shard: `${(theirs + 1) % 7}/7` })).toThrow(
      `no cluster that is named is in shard ${(theirs + 1) % 7}/7: ${name} is in ${theirs}/7`,
    );
  });

  it.each(["3/3", "-1/3", "1", "1/", "/3", "a/b", "0/0", "1.5/3", "0x1/3", " 1/3", "1/3 "])(
    "%s is refused",
    (text) => {
      expect(() => parseShard(text)).toThrow(expect.objectContaining({ code: "usage" }));
    },
  );
});
