import { describe, expect, it } from "vitest";
import type { Waiver } from "../../src/resources/model/desired.ts";
import type { Follower } from "../../src/rotation/followers.ts";
import { coveredByWaivers, isAwaited } from "../../src/rotation/waived-followers.ts";
import { ago, NOW } from "../world/host-rotation.ts";

const SUBJECT = "node/node2";
const MEMBER = [{ kind: "node", id: "id-of-node2", name: "node2" }] as const;

function follower(standing: Follower["standing"]): Follower {
  return { kind: "node", id: "id-of-node2", name: "node2", subject: SUBJECT, standing, seen: "" };
}

function waiver(guard: string, change: Partial<Waiver> = {}): Waiver {
  return { guard, subject: SUBJECT, reason: "scrapped", expires: ago(-60), ...change };
}

const ROSTER = waiver("roster");
const READY = waiver("components-ready");

describe("whom a wait is for, and which waivers take it out", () => {
  it.each([
    ["following", true, []],
    ["not-reporting", true, []],
    ["lagging", true, ["roster", "components-ready"]],
    ["unclear", true, ["roster", "components-ready"]],
    ["silent", true, ["roster"]],
    ["missing", true, ["roster"]],
    ["away", true, ["roster"]],
    ["unread", true, ["roster"]],
    ["following", false, []],
    ["lagging", false, ["components-ready"]],
    ["unclear", false, ["components-ready"]],
    ["silent", false, []],
    ["missing", false, []],
    ["away", false, []],
    ["unread", false, []],
  ] satisfies readonly [Follower["standing"], boolean, readonly string[]][])(
    "%s, on the roster: %s → %j",
    (standing, isMember, guards) => {
      const one = follower(standing);
      const roster = isMember ? MEMBER : [];
      expect(isAwaited(one, roster)).toBe(guards.length > 0);
      for (const given of [[], [ROSTER], [READY], [ROSTER, READY]]) {
        const isCovered = guards.length > 0 && guards.every((id) => given.some(({ guard }) => guard === id));
        expect(coveredByWaivers(given, roster)(one, NOW), `${given.map(({ guard }) => guard)}`).toBe(
          isCovered,
        );
      }
    },
  );

  it("a waiver of another subject, or one that is over, takes nobody out", () => {
    const gone = follower("missing");
    expect(coveredByWaivers([waiver("roster", { subject: "node/node3" })], MEMBER)(gone, NOW)).toBe(false);
    expect(coveredByWaivers([waiver("roster", { expires: ago(0) })], MEMBER)(gone, NOW)).toBe(false);
    expect(coveredByWaivers([waiver("roster", { expires: ago(0) })], MEMBER)(gone, NOW - 1)).toBe(true);
  });
});
