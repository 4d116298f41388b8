import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { turnedBack } from "../../src/record/changes/intended.ts";
import { entered, followed } from "../../src/record/changes/seen.ts";
import {
  type Evidence,
  isFinished,
  isOurs,
  newKeyWasUsed,
  standbyIds,
  turnedBackOutOf,
  wouldBeUnused,
} from "../../src/rotation/evidence.ts";
import type { LiveAuthority } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { ClusterRecord, RotationRecord } from "../../src/rotation/record.ts";
import { droppedBy, endOfRollback } from "../../src/rotation/way-back.ts";
import { TALOS } from "../../src/talos/profile.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import {
  ago,
  authority,
  CLUSTER,
  key,
  memory,
  NEW,
  OLD,
  OTHER,
  OUT_OF_INIT,
  observation,
} from "../world/host-rotation.ts";

const IN_ROLLBACK = authority("rollback");
/** Teleport 5 in a rollback out of init: the new key signs. */
const SWAPPED: LiveAuthority = { ...IN_ROLLBACK, active: [key(NEW)], trusted: [key(OLD)] };

/** The record was begun when the rotation was under way. */
function begunByHand({ previous_id: _, ...rest }: RotationRecord): RotationRecord {
  return rest;
}

function live(phase: Phase, rotation: Partial<LiveAuthority["rotation"]>): LiveAuthority {
  const at = authority(phase);
  return { ...at, rotation: { ...at.rotation, ...rotation } };
}

describe("absence is no evidence: was the new key used", () => {
  it.each<[string, RotationRecord | undefined, LiveAuthority, Evidence]>([
    ["capstan asked for the rollback out of init", memory("rollback"), IN_ROLLBACK, "refuted"],
    ["no record", undefined, IN_ROLLBACK, "unknown"],
    [
      "capstan asked for it out of init, of a rotation that a hand had begun",
      begunByHand(memory("rollback")),
      IN_ROLLBACK,
      "unknown",
    ],
    [
      "no note of what the rollback led out of",
      memory("rollback", { turned_back: null }),
      IN_ROLLBACK,
      "unknown",
    ],
    [
      "a record of an older version",
      { ...memory("rollback"), turned_back: undefined } as never,
      IN_ROLLBACK,
      "unknown",
    ],
    [
      "out of update_clients",
      memory("rollback", { turned_back: { ...OUT_OF_INIT, from: "update_clients" } }),
      IN_ROLLBACK,
      "unknown",
    ],
    [
      "the note is of another rotation",
      memory("rollback"),
      live("rollback", { currentId: "other" }),
      "unknown",
    ],
    ["the record has no id", memory("rollback", { current_id: null }), IN_ROLLBACK, "unknown"],
    ["update_clients was entered", memory("update_clients"), IN_ROLLBACK, "proven"],
    ["it is in update_servers", memory("rollback"), authority("update_servers"), "proven"],
    ["the new key signs in rollback (Teleport 5)", memory("rollback"), SWAPPED, "proven"],
    ["nothing is said to be retired", memory("rollback", { retire: [] }), IN_ROLLBACK, "unknown"],
    ["the CA lists no key", memory("rollback"), { ...IN_ROLLBACK, active: [] }, "unknown"],
    [
      "the CA lists no key, in update_servers",
      memory("rollback"),
      { ...authority("update_servers"), active: [] },
      "unknown",
    ],
    [
      "one of the keys that sign is new",
      memory("rollback"),
      { ...IN_ROLLBACK, active: [key(OLD), key(NEW)] },
      "proven",
    ],
    [
      "it is in update_clients, and the old key signs",
      memory("init"),
      { ...authority("update_clients"), active: [key(OLD)] },
      "proven",
    ],
    [
      "it is in update_servers, and the old key signs",
      memory("init"),
      { ...authority("update_servers"), active: [key(OLD)] },
      "proven",
    ],
    ["the rollback that was asked for has not begun", memory("rollback"), authority("init"), "unknown"],
    [
      "the rollback that was asked for has ended",
      memory("rollback"),
      live("standby", { currentId: OUT_OF_INIT.current_id }),
      "refuted",
    ],
    ["some machines have left it", memory("rollback"), live("rollback", { towards: "standby" }), "unknown"],
    ["init was never entered", memory("rollback", { phases: [] }), IN_ROLLBACK, "unknown"],
    [
      "db: `auth sign` takes the new key in init",
      memory("rollback", { authority: "db" }),
      { ...IN_ROLLBACK, type: "db" },
      "unknown",
    ],
  ])("%s: %#", (_, record, at, evidence) => {
    expect(newKeyWasUsed(record, at, TELEPORT)).toBe(evidence);
  });

  it.each<[string, LiveAuthority, Partial<RotationRecord>]>([
    ["a clock moves it", live("init", { mode: "auto" }), {}],
    ["nobody knows in which mode it is", live("init", { mode: null }), {}],
    [
      "a request before it was never seen to have an effect",
      authority("init"),
      { requested: { to: "update_clients", at: ago(1) } },
    ],
    ["it has another id", live("init", { currentId: "other" }), {}],
    ["it has no id", live("init", { currentId: null }), {}],
    ["other keys signed", { ...authority("init"), active: [key(OTHER)] }, {}],
    ["some machines had gone on", live("init", { towards: "update_clients" }), {}],
  ])("no note is made of a rollback where %s", (_, asked, record) => {
    expect(turnedBackOutOf(asked, memory("init", record), IN_ROLLBACK, ago(0))).toBeNull();
  });

  const WITHOUT_ID = { currentId: null };
  it.each<[string, LiveAuthority, Partial<RotationRecord>, LiveAuthority]>([
    ["is not what the platform did", authority("init"), {}, authority("init")],
    ["ends another rotation", authority("init"), {}, live("rollback", { currentId: "other" })],
    [
      "is of a rotation that the record does not know",
      authority("init"),
      { current_id: "other" },
      IN_ROLLBACK,
    ],
    ["has no id", live("init", WITHOUT_ID), { current_id: null }, live("rollback", WITHOUT_ID)],
    ["was asked for out of nothing", live("init", { state: "standby" }), {}, IN_ROLLBACK],
    ["retires other keys", authority("init"), { retire: [OLD, OTHER] }, IN_ROLLBACK],
    ["retires nothing", { ...authority("init"), active: [] }, { retire: [] }, IN_ROLLBACK],
  ])("nor of one that %s", (_, asked, record, after) => {
    expect(turnedBackOutOf(asked, memory("init", record), after, ago(0))).toBeNull();
  });

  it("of any other, what was seen right before", () => {
    expect(turnedBackOutOf(authority("init"), memory("init"), IN_ROLLBACK, ago(0))).toEqual({
      ...OUT_OF_INIT,
      at: ago(0),
    });
  });

  it("says before it is asked for whether it would be unused", () => {
    expect(wouldBeUnused(memory("init"), live("init", { towards: "update_clients" }), TELEPORT)).toBe(false);
    expect(wouldBeUnused(memory("init"), live("init", { state: "standby" }), TELEPORT)).toBe(false);
    expect(wouldBeUnused(memory("init"), authority("init"), TELEPORT)).toBe(true);
    expect(wouldBeUnused(memory("init"), live("init", { mode: "auto" }), TELEPORT)).toBe(false);
    expect(wouldBeUnused(memory("update_clients"), authority("init"), TELEPORT)).toBe(false);
    expect(wouldBeUnused(memory("init"), authority("update_clients"), TELEPORT)).toBe(false);
    expect(
      wouldBeUnused(
        memory("init", { requested: { to: "update_clients", at: ago(1) } }),
        authority("init"),
        TELEPORT,
      ),
    ).toBe(false);
  });
});

describe("absence is no evidence: is it over, is it ours", () => {
  it.each<[string, LiveAuthority, Evidence]>([
    ["at standby, and the key is gone", { ...authority("standby"), active: [key(NEW)] }, "proven"],
    [
      "in progress, and the key is gone",
      { ...authority("init"), active: [key(NEW)], trusted: [key(OTHER)] },
      "unknown",
    ],
    ["at standby, and no key is listed", { ...authority("standby"), active: [] }, "unknown"],
    ["at standby, and the key signs", authority("standby"), "refuted"],
    ["the key is trusted still", authority("update_servers"), "refuted"],
  ])("finished: %s", (_, at, evidence) => {
    expect(isFinished([OLD], at)).toBe(evidence);
    expect(isFinished([], at)).toBe("unknown");
  });

  it.each<[string, RotationRecord | undefined, LiveAuthority, Evidence]>([
    ["its id and its keys", memory("init"), authority("init"), "proven"],
    ["no record", undefined, authority("init"), "unknown"],
    ["another id", memory("init"), live("init", { currentId: "other" }), "refuted"],
    ["no id", memory("init"), live("init", { currentId: null }), "refuted"],
    ["its keys are gone", memory("init"), { ...authority("init"), active: [key(OTHER)] }, "refuted"],
    [
      "init was never seen",
      memory("init", { current_id: null, introduced: [] }),
      authority("init"),
      "unknown",
    ],
    ["nothing is in progress", memory("init"), authority("standby"), "unknown"],
    ["the new keys were never seen", memory("init", { introduced: [] }), authority("init"), "unknown"],
    ["its id was never seen", memory("init", { current_id: null }), authority("init"), "unknown"],
    ["nothing is said to be retired", memory("init", { retire: [] }), authority("init"), "unknown"],
    ["one of its keys is gone", memory("init", { retire: [OLD, OTHER] }), authority("init"), "refuted"],
    [
      "its keys are gone, as some machines have dropped them",
      memory("update_servers"),
      { ...live("update_servers", { towards: "standby" }), trusted: [] },
      "proven",
    ],
  ])("ours: %s", (_, record, at, evidence) => {
    expect(isOurs(record, at)).toBe(evidence);
  });
});

describe("which key a step drops", () => {
  it("is read from the key sets", () => {
    const out = { from: "rollback", to: "standby" } as const;
    expect(droppedBy(out, IN_ROLLBACK)).toEqual([NEW]);
    expect(droppedBy(out, SWAPPED)).toEqual([OLD]);
    expect(droppedBy({ from: "update_servers", to: "standby" }, authority("update_servers"))).toEqual([OLD]);
    expect(droppedBy({ from: "init", to: "update_clients" }, authority("init"))).toEqual([]);
  });

  const server = (version: string | null) =>
    observation("init", { versions: { client: "18.7.0", server: version } });
  it.each([
    ["in rollback, the old key signs", IN_ROLLBACK, server("5.0.0-dev"), "new-key-goes"],
    ["in rollback, the new key signs", SWAPPED, server("18.7.0"), "old-key-goes"],
    ["in rollback, neither", { ...IN_ROLLBACK, active: [key(OTHER)] }, server("18.7.0"), "unclear"],
    ["in init of Teleport 18", authority("init"), server("18.7.0"), "new-key-goes"],
    ["in init of Teleport 5", authority("init"), server("5.0.0-dev"), "old-key-goes"],
    ["in init of nobody knows what", authority("init"), server(null), "unclear"],
    [
      "in update_clients of Teleport 5, which swaps back",
      authority("update_clients"),
      server("5.0.0"),
      "new-key-goes",
    ],
    [
      "in init on Talos",
      { ...authority("init"), type: "talos" },
      { ...server("v1.13.0"), profile: TALOS },
      "new-key-goes",
    ],
  ] as const)("at the end of a rollback: %s", (_, at, seen, end) => {
    expect(endOfRollback([OLD], at, seen)).toBe(end);
  });
});

describe("ids with which a component in standby has the keys of now", () => {
  const standby = live("standby", { currentId: "second" });
  const past = (...rotations: readonly Partial<RotationRecord>[]): ClusterRecord => ({
    format_version: "1.0",
    cluster: CLUSTER,
    rotations: rotations.map((one) => memory("init", one)),
  });
  const second = {
    current_id: "second",
    previous_id: "first",
    state: "rolled_back",
    ended_at: ago(1),
  } as const;
  const first = { current_id: "first", previous_id: null, state: "rolled_back", ended_at: ago(9) } as const;

  it.each([
    ["nobody remembers", undefined, ["second"]],
    ["the last was rolled back", past(second), ["second", "first"]],
    ["the one before it too", past(first, second), ["second", "first", null]],
    ["the last was finished", past({ ...second, state: "finished" }), ["second"]],
    ["the last retired another key", past({ ...second, retire: [OTHER] }), ["second"]],
    ["the last is on its way back", past({ ...second, state: "rolling_back" }), ["second", "first"]],
    ["the last was of another CA", past({ ...second, authority: "user" }), ["second"]],
    ["the last had another id", past({ ...second, current_id: "other" }), ["second"]],
    ["the last retired one key more", past({ ...second, retire: [OLD, OTHER] }), ["second"]],
    ["nobody looked at the id before it", past({ ...second, previous_id: undefined } as never), ["second"]],
  ])("%s", (_, record, ids) => {
    expect(standbyIds(record, standby)).toEqual(ids);
  });

  it.each<[string, LiveAuthority, Partial<RotationRecord>]>([
    ["one of two keys is not all of them", { ...standby, active: [key(OLD), key(OTHER)] }, {}],
    ["two keys of which one fits", { ...standby, active: [key(OLD), key(NEW)] }, { retire: [OLD, OTHER] }],
    ["no key is no key that fits", { ...standby, active: [] }, { retire: [] }],
  ])("where %s", (_, at, record) => {
    expect(standbyIds(past({ ...second, ...record }), at)).toEqual(["second"]);
  });

  it("where nobody has an id, none before it is found by that", () => {
    const never = { ...second, current_id: null };
    expect(standbyIds(past(never), live("standby", { currentId: null }))).toEqual([null]);
  });

  it("in progress there is one", () => {
    expect(standbyIds(past(second), live("init", { currentId: "second" }))).toEqual(["second"]);
  });
});

/** Histories as they come about: by capstan, by hands and clocks that capstan sees later, with runs that end anywhere. */
const HISTORY = fc.record({
  steps: fc.array(fc.constantFrom<Phase>("update_clients", "update_servers", "rollback"), { maxLength: 4 }),
  own: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  seen: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  mode: fc.constantFrom<"manual" | "auto">("manual", "auto"),
  swapped: fc.boolean(),
});

interface Told {
  readonly record: RotationRecord;
  readonly at: LiveAuthority;
  readonly used: boolean;
}

function tell({
  steps,
  own,
  seen,
  mode,
  swapped,
}: typeof HISTORY extends fc.Arbitrary<infer T> ? T : never): Told {
  let at = live("init", { mode });
  let record = memory("init");
  let used = false;
  steps.forEach((to, index) => {
    if (at.rotation.phase === "rollback") return;
    const asked = at;
    const outOfInit = asked.rotation.phase === "init";
    const next = to === "rollback" && swapped && outOfInit ? SWAPPED : authority(to);
    at = { ...next, rotation: { ...next.rotation, mode: to === "rollback" ? "manual" : mode } };
    used ||= to !== "rollback" || (swapped && outOfInit);
    if (seen[index] !== true) return;
    record = entered(
      followed(to === "rollback" ? turnedBack(record, "x") : record, at, TELEPORT),
      at,
      ago(0),
      TELEPORT,
      own[index] === true ? asked : null,
    );
  });
  return { record, at, used };
}

/** What can be missing: any field of the record, any row of its lists, any field of the authority or its keys. */
function without<T>(value: T, path: readonly number[]): T {
  const [first, ...rest] = path;
  if (first === undefined || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    if (value.length === 0) return value;
    const index = first % value.length;
    if (rest.length === 0) return value.filter((_, place) => place !== index) as T;
    return value.map((one, place) => (place === index ? without(one, rest) : one)) as T;
  }
  const names = Object.keys(value);
  const name = names[first % names.length];
  if (name === undefined) return value;
  const inner = (value as Record<string, unknown>)[name];
  const isDeep = rest.length > 0 && inner !== null && typeof inner === "object";
  const lost = isDeep ? without(inner, rest) : Array.isArray(inner) ? [] : null;
  return { ...value, [name]: lost };
}

describe("the less is known, the more careful is the answer", () => {
  const path = fc.array(fc.nat(40), { minLength: 1, maxLength: 3 });

  it("a used key is never called unused, and no loss calls it so", () => {
    fc.assert(
      fc.property(HISTORY, path, (history, lost) => {
        const { record, at, used } = tell(history);
        const whole = newKeyWasUsed(record, at, TELEPORT);
        if (used) expect(whole).not.toBe("refuted");
        if (whole !== "refuted") {
          expect(newKeyWasUsed(without(record, lost), at, TELEPORT)).not.toBe("refuted");
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("no loss makes a rotation finished, or ours", () => {
    fc.assert(
      fc.property(HISTORY, path, (history, lost) => {
        const { record, at } = tell(history);
        if (isOurs(record, at) !== "proven") {
          expect(isOurs(without(record, lost), at)).not.toBe("proven");
        }
        // A CA that is in progress is not over, whichever keys are missing from the listing.
        expect(isFinished([OLD], { ...without(at, lost), rotation: at.rotation })).not.toBe("proven");
        expect(isFinished([OLD], { ...at, active: [], trusted: [] })).not.toBe("proven");
      }),
      { numRuns: 2_000 },
    );
  });
});
