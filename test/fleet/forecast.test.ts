import ICAL from "ical.js";
import { describe, expect, it } from "vitest";
import type { Forecast, ForecastItem } from "../../src/fleet/forecast/forecast.ts";
import { type ForecastInput, makeForecast } from "../../src/fleet/forecast/make-forecast.ts";
import { makePlan } from "../../src/planner/planner.ts";
import type { ClusterObservation, OverrideEnd } from "../../src/profile/profile.ts";
import type { AuthorityResource, ClusterResource } from "../../src/resources/model/desired.ts";
import type { Credentials } from "../../src/rotation/observation.ts";
import { forecastCalendar } from "../../src/views/calendar/forecast-calendar.ts";
import { forecastMarkdown } from "../../src/views/markdown/forecast-markdown.ts";
import { forecastText } from "../../src/views/text/forecast-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { flat } from "../world/flat.ts";
import {
  authority,
  CLUSTER,
  cluster,
  desired,
  key,
  memory,
  NEW,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const DAY = 24 * 3_600_000;

function host(maxAge: number | null): AuthorityResource {
  return {
    cluster: CLUSTER,
    type: "host",
    source: { file: "host.yaml", line: 1 },
    activeKeys: [OLD],
    maxAgeMs: maxAge,
    trustConsumers: [],
  };
}

const IDENTITY: Credentials = {
  source: "identity-file",
  path: "/run/identity",
  problem: null,
  notBefore: "2026-06-01T00:00:00.000Z",
  notAfter: "2026-12-01T00:00:00.000Z",
  trusts: [],
};

/** The forecast of a cluster whose host CA signs since the first of January; NOW is 21 November. */
function forecastOf(
  wanted: {
    readonly maxAge?: number | null;
    readonly policy?: Partial<ClusterResource["policy"]>;
    readonly seen?: Partial<ClusterObservation>;
  } = {},
  input: Partial<ForecastInput> = {},
): Forecast {
  const { maxAge = null, policy = {}, seen = {} } = wanted;
  return makeForecast({
    desired: { ...desired([], policy), authorities: [host(maxAge)] },
    clusters: [CLUSTER],
    observations: [observation("standby", seen)],
    unread: [],
    records: [],
    overrides: new Map(),
    plan: { clusters: [] },
    commit: "c0ffee",
    now: NOW,
    withinMs: 90 * DAY,
    ...input,
  });
}

/** Kind, date and whether it is due: of each item but certificates that end in ten years. */
function told({ items }: Forecast): readonly string[] {
  return items
    .filter(({ at }) => at === null || !at.startsWith("2036"))
    .map(({ kind, at, due }) => `${kind} ${at?.slice(0, 10) ?? "unknown"}${due ? " due" : ""}`);
}

const bare = { certificate: undefined } as unknown as Parameters<typeof key>[1];
const withoutDate = { authorities: [authority("standby", { active: [key(OLD, bare)] })] };

describe("what a person has written for a time", () => {
  const waiver = (subject: string, expires: string) => ({
    guard: "roster",
    subject,
    reason: "is scrapped",
    expires,
  });
  const held = (until: string | null) => ({ hold: { reason: "audit", until } });
  const waive = [
    waiver("node/near", "2026-11-25T10:00:00.000Z"),
    waiver("node/over", "2026-11-20T23:59:59.999Z"),
  ];
  const state = (until: string | null) => {
    const made = desired([rotation("init", { waive, ...held(until) })]);
    const clusters = made.clusters.map((one) => ({ ...one, ...held("2026-11-28T06:00:00.000Z") }));
    return { ...made, clusters };
  };

  it("is told with its end, while it counts", () => {
    const { items } = forecastOf({}, { desired: state(null) });
    expect(items.filter(({ kind }) => kind === "waiver" || kind === "hold")).toMatchObject([
      { kind: "waiver", subject: "node/near", at: "2026-11-25T10:00:00.000Z", due: false },
      { kind: "hold", subject: `cluster/${CLUSTER}`, at: "2026-11-28T06:00:00.000Z", due: false },
    ]);
    expect(told(forecastOf({}, { desired: state("2027-11-28T06:00:00.000Z") }))).toContain("hold 2027-11-28");
  });

  it.each([
    ["text", (told: Forecast) => forecastText(told, plainPaint)],
    ["Markdown", forecastMarkdown],
  ])("does not hide what comes after the time that was asked about: %s", (_title, write) => {
    const text = flat(write(forecastOf({}, { desired: state(null) })));
    const [within = "", then = ""] = text.split(/then[:,]/i);
    expect(within).toContain("node/near");
    expect(then).toContain("signs with a key whose certificate ends");
  });

  it("is no news in a rotation that is over", () => {
    const finished = desired([rotation("standby", { waive, ...held("2026-11-25T00:00:00.000Z") })]);
    const made = {
      observations: [observation("standby", { authorities: [authority("standby", { active: [key(NEW)] })] })],
    };
    const plan = makePlan({ desired: finished, ...made, records: [], commit: null, now: NOW });
    expect(plan.clusters[0]?.rotations[0]?.standing).toBe("finished");
    expect(told(forecastOf({}, { desired: finished, plan, ...made }))).toEqual([]);
  });
});

describe("steps of rotations to come", () => {
  const state = desired([rotation("standby", { strategy: "walk" })], { soakMs: DAY, maxSessionTtlMs: 0 });
  const made = { observations: [observation("standby")], records: [], commit: "c0ffee", now: NOW };
  const plan = makePlan({ desired: state, ...made });
  const forecast = forecastOf({}, { desired: state, plan });

  it("are told with the earliest time of each", () => {
    expect(forecast.steps.map(({ to, at, by }) => [to, at?.slice(0, 16) ?? null, by])).toEqual([
      ["init", null, null],
      ["update_clients", "2026-11-22T12:00", "soak"],
      ["update_servers", "2026-11-23T12:00", "soak"],
      ["standby", "2026-11-24T12:00", "soak"],
    ]);
    expect(forecast.outcome).toBe("nothing_due");
  });

  it("are in the text, in the comment and in the calendar, those that have a date", () => {
    const text = forecastText(forecast, plainPaint).replace(/\n {4}/g, " ");
    expect(text).toContain("steps to come, at the earliest\n");
    expect(text).toContain(
      "Sun 22 November 2026, 12:00 UTC (soak time)  acme.cluster host: init → update_clients\n",
    );
    expect(forecastMarkdown(forecast)).toContain(
      "- Sun 22 November 2026, 12:00 UTC (soak time): `acme.cluster` host: init → `update_clients`\n",
    );
    const events = new ICAL.Component(ICAL.parse(forecastCalendar(forecast)))
      .getAllSubcomponents("vevent")
      .map((one) => new ICAL.Event(one).summary);
    expect(events.filter((summary) => summary.includes("at the earliest"))).toEqual([
      "acme.cluster: host: init → update_clients, at the earliest",
      "acme.cluster: host: update_clients → update_servers, at the earliest",
      "acme.cluster: host: update_servers → standby, at the earliest",
    ]);
  });
});

describe("what is due", () => {
  it.each<[string, Forecast, readonly string[], Forecast["outcome"]]>([
    ["nothing, where nothing has an end", forecastOf(), [], "nothing_due"],
    ["max_age within the time", forecastOf({ maxAge: 360 * DAY }), ["max_age 2026-12-27 due"], "due"],
    [
      "max_age on the last day",
      forecastOf({ maxAge: 365 * DAY + 50 * DAY - DAY / 2 }),
      ["max_age 2027-02-19 due"],
      "due",
    ],
    ["max_age after it", forecastOf({ maxAge: 730 * DAY }), ["max_age 2028-01-01"], "nothing_due"],
    ["max_age that is over", forecastOf({ maxAge: 30 * DAY }), ["max_age 2026-01-31 due"], "due"],
    [
      "max_age of a key of unknown age",
      forecastOf({ maxAge: 365 * DAY, seen: withoutDate }),
      ["max_age unknown due"],
      "due",
    ],
    [
      "max_age of a key that the record saw come",
      forecastOf(
        {
          maxAge: 100 * DAY,
          seen: { authorities: [authority("standby", { active: [key(NEW, bare)] })] },
        },
        {
          records: [
            {
              format_version: "1.0",
              cluster: CLUSTER,
              rotations: [
                memory("update_servers", { introduced: [NEW], started_at: "2026-09-01T00:00:00Z" }),
              ],
            },
          ],
        },
      ),
      ["max_age 2026-12-10 due"],
      "due",
    ],
    ["an identity", forecastOf({ seen: { credentials: IDENTITY } }), ["identity 2026-12-01 due"], "due"],
    [
      "an identity that cannot be read",
      forecastOf({
        seen: { credentials: { ...IDENTITY, notAfter: null, problem: "there is no such file" } },
      }),
      ["identity unknown due"],
      "due",
    ],
    [
      "not a bot's identity, which is made anew all the time",
      forecastOf({
        seen: {
          credentials: { ...IDENTITY, notBefore: "2026-11-21T11:30:00Z", notAfter: "2026-11-21T12:30:00Z" },
        },
      }),
      [],
      "nothing_due",
    ],
    [
      "a bot's identity that was not made anew",
      forecastOf({
        seen: {
          credentials: { ...IDENTITY, notBefore: "2026-11-20T11:00:00Z", notAfter: "2026-11-20T12:00:00Z" },
        },
      }),
      ["identity 2026-11-20 due"],
      "due",
    ],
  ])("%s", (_title, forecast, items, outcome) => {
    expect(told(forecast)).toEqual(items);
    expect(forecast.outcome).toBe(outcome);
  });

  it("the end of an override, and of its revocation list", () => {
    const ends: readonly OverrideEnd[] = [
      {
        authority: "db_client",
        subject: "override/db_client/AB",
        what: "certificate",
        notAfter: "2027-01-31T00:00:00Z",
      },
      {
        authority: "db_client",
        subject: "override/db_client/AB",
        what: "revocation-list",
        notAfter: "2026-12-31T00:00:00Z",
      },
    ];
    const base = observation("standby");
    const profile = { ...base.profile, overrides: { ...overridesOf(base), ends: () => ends } };
    const forecast = forecastOf({ seen: { profile } }, { overrides: new Map([[CLUSTER, "a reading"]]) });
    expect(told(forecast)).toEqual(["revocation_list 2026-12-31 due", "override 2027-01-31 due"]);
  });

  it("whatever it is, where a cluster could not be read", () => {
    const problem = { code: "executable", message: "tctl did not answer", remedy: "start it" } as const;
    const unread = [{ name: "far.cluster", platform: "teleport", problem }];
    const forecast = forecastOf({}, { unread });
    expect(forecast.outcome).toBe("incomplete");
    expect(forecast.problems).toEqual([{ cluster: "far.cluster", ...problem }]);
  });
});

function overridesOf({ profile: { overrides } }: ClusterObservation) {
  if (overrides === null) throw new Error("the platform of this world has overrides");
  return overrides;
}

const NIGHTS = {
  timeZone: "Europe/Vienna",
  windows: [{ days: ["mon", "wed"], from: "22:00", to: "04:00" }],
  freezes: [{ from: "2026-11-30T00:00:00Z", to: "2027-01-07T00:00:00Z", reason: "year end" }],
} as const;

describe("when steps may begin", () => {
  const many = (...names: readonly string[]) => ({
    ...desired([], NIGHTS),
    clusters: names.map((name) => ({ ...cluster(NIGHTS), name })),
  });

  it("is told once for clusters with the same times, windows and freezes", () => {
    const names = ["b.cluster", "a.cluster"];
    const { windows, freezes } = forecastOf(
      {},
      { desired: many(...names), clusters: names, withinMs: 50 * DAY },
    );
    const clusters = ["a.cluster", "b.cluster"];
    expect(windows).toEqual([
      { from: "2026-11-23T21:00:00.000Z", until: "2026-11-24T03:00:00.000Z", clusters },
      { from: "2026-11-25T21:00:00.000Z", until: "2026-11-26T03:00:00.000Z", clusters },
      { from: "2027-01-07T00:00:00.000Z", until: "2027-01-07T03:00:00.000Z", clusters },
    ]);
    expect(freezes).toEqual([
      { from: "2026-11-30T00:00:00Z", until: "2027-01-07T00:00:00Z", reason: "year end", clusters },
    ]);
  });

  it("is told from the opening on, also in the middle of a window, so that its name stays", () => {
    const now = Date.parse("2026-11-24T01:00:00Z");
    const { windows } = forecastOf({ policy: NIGHTS }, { now, withinMs: DAY });
    expect(windows.map(({ from }) => from)).toEqual(["2026-11-23T21:00:00.000Z"]);
  });

  it("is told of the clusters that are asked about", () => {
    const { windows } = forecastOf({}, { desired: many("a.cluster", "b.cluster"), clusters: ["b.cluster"] });
    expect(new Set(windows.flatMap(({ clusters }) => clusters))).toEqual(new Set(["b.cluster"]));
  });
});

/** A forecast with something of everything, hostile names among it. */
const FULL = forecastOf(
  {
    maxAge: 360 * DAY,
    policy: NIGHTS,
    seen: { credentials: { ...IDENTITY, path: "/run/ä, ö; \\ü/ident\u202eity\n" } },
  },
  {
    unread: [
      {
        name: "far.cluster",
        platform: "teleport",
        problem: {
          code: "executable",
          message: "tctl did not answer in 30 s",
          remedy: "look at its network",
        },
      },
    ],
  },
);

describe("for people", () => {
  it.each([
    ["text", forecastText(FULL, plainPaint), "forecast.txt"],
    ["Markdown", forecastMarkdown(FULL), "forecast.md"],
    ["text where nothing is due", forecastText(forecastOf(), plainPaint), "forecast-nothing.txt"],
  ])("%s", async (_title, text, file) => {
    await expect(text).toMatchFileSnapshot(`golden/${file}`);
    expect(text).toMatch(/[^\n]\n$/);
    expect(text).not.toContain("\u202e");
  });
});

describe("the calendar", () => {
  const text = forecastCalendar(FULL);
  const events = (calendar: string) =>
    new ICAL.Component(ICAL.parse(calendar))
      .getAllSubcomponents("vevent")
      .map((component) => new ICAL.Event(component));

  it("has an event for each date that is known", () => {
    const dated = FULL.items.filter(({ at }) => at !== null).length;
    const found = events(text);
    expect(found).toHaveLength(dated + FULL.windows.length + FULL.freezes.length);
    expect(new Set(found.map(({ uid }) => uid)).size).toBe(found.length);
    const [identity] = FULL.items.filter(({ kind }) => kind === "identity") as [ForecastItem];
    const shown = found.find(({ summary }) => summary.includes("identity of capstan ends"));
    expect(shown?.startDate.toJSDate().toISOString()).toBe(identity.at);
    expect(shown?.summary).toContain("/run/ä, ö; \\ü/ident�ity");
    const window = found.find(({ summary }) => summary.endsWith("change window"));
    expect(window?.startDate.toString()).toBe("2026-11-23T21:00:00Z");
    expect(window?.endDate.toString()).toBe("2026-11-24T03:00:00Z");
  });

  it("names an event the same the next day", () => {
    const uids = (forecast: Forecast) => events(forecastCalendar(forecast)).map(({ uid }) => uid);
    const later = forecastOf({ maxAge: 360 * DAY, policy: NIGHTS }, { now: NOW + DAY });
    const before = uids(forecastOf({ maxAge: 360 * DAY, policy: NIGHTS }));
    expect(uids(later).filter((uid) => !before.includes(uid))).toEqual([]);
  });

  it("is written by RFC 5545: CR LF, at most 75 octets a line, no character cut", () => {
    expect(text.endsWith("END:VCALENDAR\r\n")).toBe(true);
    expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    const lines = text.split("\r\n");
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBe(75);
    expect(text).not.toContain("�\u0000");
    expect(Buffer.from(text).toString()).toBe(text);
  });
});
