import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { window } from "../../src/guards/window.ts";
import type { Policy } from "../../src/resources/model/desired.ts";
import { momentsOf, wallClock } from "../../src/resources/model/time-zone.ts";
import { authority, cluster, memory, observation, rotation } from "../world/host-rotation.ts";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const ALWAYS = { timeZone: "Europe/Vienna", windows: [], freezes: [] };

function everyDay(from: string, to: string): Pick<Policy, "windows"> {
  return { windows: [{ days: DAYS, from, to }] };
}

function freeze(from: string, to: string) {
  return { from, to, reason: "sale" };
}

function judge(policy: Partial<Policy>, now: string) {
  const edge = { from: "init", to: "update_clients" } as const;
  return window.judge({
    cluster: cluster({ ...ALWAYS, ...policy }),
    observation: observation("init"),
    authority: authority("init"),
    rotation: rotation("update_clients"),
    record: memory("init"),
    consumers: [],
    edge,
    now: Date.parse(now),
  });
}

/** What is said of the next opening; `open` where nothing stands in the way. */
function said(policy: Partial<Policy>, now: string): string {
  const judgement = judge(policy, now);
  return judgement.outcome === "pass" ? "open" : (judgement.findings[0]?.message ?? "");
}

/** The moment from which steps may begin, in UTC. */
function opens(policy: Partial<Policy>, now: string): string {
  const message = said(policy, now);
  const [, date = "", time = "", other, utc] =
    /from \w{3} (\d+ \w+ \d{4}), (\d\d:\d\d) \S+(?: \((?:(\d+ \w+ \d{4}), )?(\d\d:\d\d) UTC\))?$/.exec(
      message,
    ) ?? [];
  const at = Date.parse(`${other ?? date} ${utc ?? time} UTC`);
  return Number.isNaN(at) ? message : new Date(at).toISOString().replace(".000Z", "Z");
}

const WEEKNIGHTS = { windows: [{ days: ["mon", "thu"], from: "22:00", to: "04:00" }] } as const;
/** 29 March 2026: at 02:00 the clocks are set to 03:00. */
const OVER_THE_GAP = "2026-03-29T00:10:00Z";
/** 25 October 2026: at 03:00 they are set back to 02:00. */
const BEFORE_THE_FOLD = "2026-10-24T23:10:00Z";

describe("change windows", () => {
  it.each<[string, Partial<Policy>, string, string]>([
    ["in the evening", WEEKNIGHTS, "2026-11-23T21:30:00Z", "open"],
    ["at the first moment", WEEKNIGHTS, "2026-11-23T21:00:00.000Z", "open"],
    ["a moment before", WEEKNIGHTS, "2026-11-23T20:59:59.999Z", "2026-11-23T21:00:00Z"],
    ["over midnight, on a day on which it does not open", WEEKNIGHTS, "2026-11-24T02:59:59.999Z", "open"],
    ["when it closes", WEEKNIGHTS, "2026-11-24T03:00:00.000Z", "2026-11-26T21:00:00Z"],
    ["on Friday the next one is on Monday", WEEKNIGHTS, "2026-11-27T12:00:00Z", "2026-11-30T21:00:00Z"],
    ["all day", everyDay("00:00", "24:00"), "2026-11-23T23:00:00Z", "open"],
    ["until midnight", everyDay("20:00", "24:00"), "2026-11-23T23:00:00Z", "2026-11-24T19:00:00Z"],
    ["in summer an hour earlier in UTC", WEEKNIGHTS, "2026-07-06T12:00:00Z", "2026-07-06T20:00:00Z"],
    [
      "east of the date line",
      { ...everyDay("01:00", "02:00"), timeZone: "Pacific/Kiritimati" },
      "2026-11-23T09:00:00Z",
      "2026-11-23T11:00:00Z",
    ],
    [
      "the sooner one of two",
      { windows: [...everyDay("22:00", "23:00").windows, ...everyDay("12:00", "13:00").windows] },
      "2026-11-23T00:00:00Z",
      "2026-11-23T11:00:00Z",
    ],
    // Days on which a local time does not exist or exists twice.
    [
      "opens at a time that is skipped: at the jump",
      everyDay("02:30", "04:00"),
      OVER_THE_GAP,
      "2026-03-29T01:00:00Z",
    ],
    [
      "closes at a time that is skipped: at the jump",
      everyDay("01:00", "02:30"),
      "2026-03-29T01:00:00Z",
      "2026-03-29T23:00:00Z",
    ],
    ["until the jump it is open", everyDay("01:00", "02:30"), "2026-03-29T00:59:59.999Z", "open"],
    ["wholly skipped: the next day", everyDay("02:10", "02:50"), OVER_THE_GAP, "2026-03-30T00:10:00Z"],
    [
      "opens at a time that comes twice: the first time",
      everyDay("02:30", "04:00"),
      BEFORE_THE_FOLD,
      "2026-10-25T00:30:00Z",
    ],
    [
      "closes at a time that comes twice: the first time",
      everyDay("01:00", "02:30"),
      "2026-10-25T00:30:00Z",
      "2026-10-26T00:00:00Z",
    ],
    ["across the hour that comes twice", everyDay("01:00", "04:00"), "2026-10-25T02:59:59.999Z", "open"],
    [
      "a clock set forward at midnight",
      { ...everyDay("00:00", "02:00"), timeZone: "America/Asuncion" },
      "2023-10-01T03:30:00Z",
      "2023-10-01T04:00:00Z",
    ],
    [
      "a day that a zone left out",
      { windows: [{ days: ["fri"], from: "10:00", to: "11:00" }], timeZone: "Pacific/Apia" },
      "2011-12-30T00:00:00Z",
      "2012-01-05T20:00:00Z",
    ],
    // Freezes.
    [
      "in a freeze without windows",
      { freezes: [freeze("2026-12-17T23:00:00.000Z", "2027-01-06T23:00:00.000Z")] },
      "2026-12-24T00:00:00Z",
      "2027-01-06T23:00:00Z",
    ],
    [
      "its first moment",
      { freezes: [freeze("2026-12-17T23:00:00.000Z", "2027-01-06T23:00:00.000Z")] },
      "2026-12-17T23:00:00.000Z",
      "2027-01-06T23:00:00Z",
    ],
    [
      "a moment before a freeze",
      { freezes: [freeze("2026-12-17T23:00:00.000Z", "2027-01-06T23:00:00.000Z")] },
      "2026-12-17T22:59:59.999Z",
      "open",
    ],
    [
      "in an open window",
      { ...WEEKNIGHTS, freezes: [freeze("2026-11-23T12:00:00.000Z", "2026-11-25T12:00:00.000Z")] },
      "2026-11-23T21:30:00Z",
      "2026-11-26T21:00:00Z",
    ],
    [
      "it ends within a window",
      { ...WEEKNIGHTS, freezes: [freeze("2026-11-23T12:00:00.000Z", "2026-11-23T23:00:00.000Z")] },
      "2026-11-23T21:30:00Z",
      "2026-11-23T23:00:00Z",
    ],
    [
      "one after the other, and the next window in the second",
      {
        ...WEEKNIGHTS,
        freezes: [
          freeze("2026-11-26T00:00:00.000Z", "2026-11-27T00:00:00.000Z"),
          freeze("2026-11-23T12:00:00.000Z", "2026-11-26T12:00:00.000Z"),
        ],
      },
      "2026-11-23T21:30:00Z",
      "2026-11-27T00:00:00Z",
    ],
  ])("%s", (_title, policy, now, expected) => {
    expect(opens(policy, now)).toBe(expected);
    if (expected !== "open") expect(said(policy, expected), "the moment that it names is open").toBe("open");
  });

  it("say when they open, there and in UTC, and why not before", () => {
    expect(said(WEEKNIGHTS, "2026-11-24T12:00:00Z")).toBe(
      "no change window is open; steps may begin from Thu 26 November 2026, 22:00 Europe/Vienna (21:00 UTC)",
    );
    const freezes = [freeze("2026-11-24T00:00:00.000Z", "2026-11-24T23:00:00.000Z")];
    expect(said({ freezes }, "2026-11-24T12:00:00Z")).toBe(
      "held by a freeze (sale); steps may begin from Wed 25 November 2026, 00:00 Europe/Vienna (24 November 2026, 23:00 UTC)",
    );
  });
});

describe("wall clocks", () => {
  const zone = fc.constantFrom(
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
  );
  const moment = fc.date({ min: new Date("1995-01-01"), max: new Date("2045-01-01"), noInvalidDate: true });

  it("are read back to the moment, one of two where they are set back", () => {
    fc.assert(
      fc.property(moment, zone, (at, where) => {
        const { first, last } = momentsOf(wallClock(at.getTime(), where), where);
        expect([first, last]).toContain(at.getTime());
        expect(last - first).toBeLessThanOrEqual(3_600_000);
      }),
    );
  });
});
