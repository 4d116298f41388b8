import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clockAhead, silenceOf } from "../../src/rotation/announcements.ts";
import { followersOf } from "../../src/rotation/followers.ts";
import { clockNote } from "../../src/teleport/clock-note.ts";
import { PRESENCE } from "../../src/teleport/component-kinds.ts";
import { authority, component, components, NOW, observation } from "../world/host-rotation.ts";

const MINUTE = 60_000;
const at = (ms: number) => new Date(ms).toISOString();

/** Rows of one kind of which each was announced so long ago, in a cluster whose rows live so long. */
function rows(kind: string, lifeMs: number, agesMs: readonly number[], clusterNow: number) {
  return agesMs.map((age, index) =>
    component(kind, `${kind}${index}`, { expires: at(clusterNow - age + lifeMs) }),
  );
}

const standingsAt = (now: number, list: readonly ReturnType<typeof component>[]) =>
  followersOf(observation("standby", { components: list }), authority("standby"), [], "standby", now).map(
    ({ name, standing }) => [name, standing],
  );

describe("who is silent is told by the rows of its kind", () => {
  it("a proxy whose row lives two minutes is not (TELEPORT_UNSTABLE_PROXY_ANNOUNCE_TTL, teleport#63690)", () => {
    const others = components("standby").filter(({ kind }) => kind !== "proxy");
    const proxy = component("proxy", "turing", { expires: at(NOW + 110_000) });
    expect(standingsAt(NOW, [...others, proxy]).filter(([, standing]) => standing !== "following")).toEqual(
      [],
    );
  });

  it.each([7, -7, 15, -15])(
    "nobody is where the clock here is %i minutes ahead (teleport#46534)",
    (minutes) => {
      const list = components("standby");
      expect(
        standingsAt(NOW + minutes * MINUTE, list).filter(([, standing]) => standing !== "following"),
      ).toEqual([]);
    },
  );

  it("nobody is where all rows live 15 minutes, those of the auth server too", () => {
    const list = [
      ...rows("auth_server", 15 * MINUTE, [0], NOW),
      ...rows("node", 15 * MINUTE, [0, 4 * MINUTE, 8 * MINUTE], NOW),
    ];
    expect(standingsAt(NOW, list).filter(([, standing]) => standing !== "following")).toEqual([]);
  });

  it("who has stopped is, also where the clock here is ahead; where it is behind, when its row is gone", () => {
    const list = [
      ...rows("auth_server", 10 * MINUTE, [MINUTE], NOW),
      ...rows("node", 10 * MINUTE, [0, MINUTE, 8 * MINUTE], NOW),
    ];
    for (const skew of [0, 7]) {
      expect(standingsAt(NOW + skew * MINUTE, list).filter(([, standing]) => standing === "silent")).toEqual([
        ["node2", "silent"],
      ]);
    }
  });

  it("whatever the life of rows, their jitter and the clock here, no row that is announced in time is silent", () => {
    fc.assert(
      fc.property(
        fc.record({
          lifeMs: fc.integer({ min: 30_000, max: 60 * MINUTE }),
          // By the age of each row, in parts of the longest time between two announcements: half a life and a tenth of it.
          ages: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }),
          skewMs: fc.integer({ min: -15 * MINUTE, max: 15 * MINUTE }),
        }),
        ({ lifeMs, ages, skewMs }) => {
          // A life longer than is known beforehand shows in the rows only as far as the clock here is right.
          const skew = lifeMs > PRESENCE.lifeMs ? Math.min(skewMs, 0) : skewMs;
          const list = rows("node", lifeMs, [0, ...ages.map((part) => part * lifeMs * 0.55)], NOW);
          const silence = silenceOf(list, PRESENCE, NOW + skew);
          expect(list.filter((row) => silence(row) !== null)).toEqual([]);
        },
      ),
    );
  });

  it("whoever has stopped beside others that live on is silent, or its row is gone", () => {
    fc.assert(
      fc.property(
        fc.record({
          lifeMs: fc.integer({ min: 10 * MINUTE, max: 60 * MINUTE }),
          stoppedFor: fc.double({ min: 1.41, max: 1.99, noNaN: true }),
          others: fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), { minLength: 1, maxLength: 20 }),
        }),
        ({ lifeMs, stoppedFor, others }) => {
          const periodMs = lifeMs / 2;
          const ages = [stoppedFor * periodMs, ...others.map((part) => part * periodMs)];
          const list = rows("node", lifeMs, ages, NOW);
          const silence = silenceOf(list, PRESENCE, NOW);
          expect(list.map((row) => silence(row) !== null)).toEqual([true, ...others.map(() => false)]);
        },
      ),
    );
  });
});

describe("the clock here is certainly off where the auth server that has just answered could not have stamped its row", () => {
  it.each([
    ["right", 0, 0],
    ["right, and its row is about to be renewed", -5.5, 0],
    ["ahead", -12, 5.5],
    ["behind", 7, -7],
  ])("%s", (_what, announced, minutes) => {
    const row = { expires: at(NOW + announced * MINUTE + 10 * MINUTE) };
    expect(clockAhead([row], PRESENCE, NOW) / MINUTE).toBeCloseTo(minutes, 5);
  });

  it("and that is said from a minute on, in either direction", () => {
    const row = (announced: number) => [{ expires: at(NOW + announced * MINUTE + 10 * MINUTE) }];
    expect(clockNote(row(-7), NOW)).toBeNull();
    expect(clockNote(row(-12), NOW)).toBe(
      "is at least 330 s ahead of the cluster's (if rows of auth servers live ten minutes there)",
    );
    expect(clockNote(row(7), NOW)).toBe(
      "is at least 420 s behind the cluster's (if rows of auth servers live ten minutes there)",
    );
    expect(clockNote([], NOW)).toBeNull();
  });
});
