import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextOpening, openTimes } from "../../src/guards/open-times.ts";
import { makePlan } from "../../src/planner/planner.ts";
import { planDifference } from "../../src/planner/saved/plan-difference.ts";
import {
  type ChangeWindow,
  type ClusterResource,
  type RotationResource,
  WEEKDAYS,
} from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import {
  authority,
  CLUSTER,
  desired,
  memory,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
type Policy = Partial<ClusterResource["policy"]>;

interface Situation {
  readonly live: Phase;
  readonly policy: Policy;
  readonly wanted?: Partial<RotationResource>;
  readonly record?: Partial<RotationRecord>;
  readonly now?: number;
  readonly type?: string;
}

/** The plan until standby. */
function planOf({ live, policy, wanted = {}, record = {}, now = NOW, type = "host" }: Situation): Plan {
  const remembered = memory(live, { authority: type, ...record });
  return makePlan({
    desired: desired(
      [rotation("standby", { strategy: "walk", authorities: [{ type, retire: [OLD] }], ...wanted })],
      { maxSessionTtlMs: 0, ...policy },
    ),
    observations: [observation(live, { authorities: [authority(live, { type })] })],
    records: live === "standby" ? [] : [{ format_version: "1.0", cluster: CLUSTER, rotations: [remembered] }],
    commit: null,
    now,
  });
}

/** Each step that is left until standby, with its earliest time. */
function times(situation: Situation): readonly string[] {
  const steps = planOf(situation).clusters.flatMap(({ rotations }) =>
    rotations.flatMap(({ steps }) => steps),
  );
  return steps.map(({ from, to, earliest, earliest_by }) =>
    [`${from}-${to}`, earliest?.slice(0, 16) ?? "now", ...(earliest_by == null ? [] : [earliest_by])].join(
      " ",
    ),
  );
}

const NIGHTS: Policy = {
  timeZone: "Europe/Vienna",
  windows: [{ days: ["mon", "wed"], from: "22:00", to: "04:00" }],
};

/** NOW is Saturday, 21 November 2026, 12:00 UTC; a phase was entered as `memory` says. */
describe("the earliest time of a step", () => {
  it.each<[string, Situation, readonly string[]]>([
    [
      "is none where time holds nothing",
      { live: "standby", policy: {} },
      [
        "standby-init now",
        "init-update_clients now",
        "update_clients-update_servers now",
        "update_servers-standby now",
      ],
    ],
    [
      "is the soak time of every phase before it",
      { live: "standby", policy: { soakMs: HOUR } },
      [
        "standby-init now",
        "init-update_clients 2026-11-21T13:00 soak",
        "update_clients-update_servers 2026-11-21T14:00 soak",
        "update_servers-standby 2026-11-21T15:00 soak",
      ],
    ],
    [
      "is the shorter soak time of a key in wrong hands, and its sessions are not waited for longer",
      {
        live: "standby",
        type: "user",
        policy: { soakMs: DAY, maxSessionTtlMs: DAY, compromiseSoakMs: HOUR },
        wanted: { reason: "compromise" },
      },
      [
        "standby-init now",
        "init-update_clients 2026-11-21T13:00 soak",
        "update_clients-update_servers 2026-11-21T14:00 soak",
        "update_servers-standby 2026-11-21T15:00 soak",
      ],
    ],
    [
      "counts the soak time of the phase at hand from when that was first seen",
      {
        live: "update_servers",
        policy: { soakMs: 10 * DAY },
        record: { phases: [phase("update_servers", "2026-11-20T00:00:00Z")] },
      },
      ["update_servers-standby 2026-11-30T00:00 soak"],
    ],
    [
      "counts it from now on where nobody saw the phase begin",
      { live: "update_servers", policy: { soakMs: 10 * DAY }, record: { phases: [] } },
      ["update_servers-standby 2026-12-01T12:00 soak"],
    ],
    [
      "is a window",
      { live: "standby", policy: NIGHTS },
      [
        "standby-init 2026-11-23T21:00 window",
        "init-update_clients 2026-11-23T21:00 window",
        "update_clients-update_servers 2026-11-23T21:00 window",
        "update_servers-standby 2026-11-23T21:00 window",
      ],
    ],
    [
      "is the next window where the soak time leads out of one",
      { live: "standby", policy: { ...NIGHTS, soakMs: 4 * HOUR } },
      [
        "standby-init 2026-11-23T21:00 window",
        "init-update_clients 2026-11-24T01:00 soak",
        "update_clients-update_servers 2026-11-25T21:00 window",
        "update_servers-standby 2026-11-26T01:00 soak",
      ],
    ],
    [
      "is the end of a freeze, or the window after it",
      {
        live: "update_clients",
        policy: {
          ...NIGHTS,
          freezes: [{ from: "2026-11-20T00:00:00Z", to: "2026-11-23T23:00:00Z", reason: "sale" }],
        },
      },
      [
        "update_clients-update_servers 2026-11-23T23:00 freeze",
        "update_servers-standby 2026-11-23T23:00 freeze",
      ],
    ],
    [
      "lets sessions end that were opened with the old key",
      {
        live: "update_servers",
        type: "user",
        policy: { maxSessionTtlMs: 30 * HOUR, soakMs: HOUR },
        record: {
          phases: [
            phase("update_clients", "2026-11-20T12:00:00Z"),
            phase("update_servers", "2026-11-20T14:00:00Z"),
          ],
        },
      },
      ["update_servers-standby 2026-11-21T18:00 sessions"],
    ],
    [
      "does without what a review lets through, for the step at hand alone",
      {
        live: "standby",
        policy: { ...NIGHTS, soakMs: HOUR },
        wanted: {
          waive: [
            { guard: "window", subject: "authority/host", reason: "now", expires: "2026-12-01T00:00:00Z" },
          ],
        },
      },
      [
        "standby-init now",
        "init-update_clients 2026-11-23T21:00 window",
        "update_clients-update_servers 2026-11-23T22:00 soak",
        "update_servers-standby 2026-11-23T23:00 soak",
      ],
    ],
    [
      "is none on the way back",
      { live: "update_clients", policy: { ...NIGHTS, soakMs: DAY }, wanted: { phase: "rollback" } },
      ["update_clients-rollback now", "rollback-standby now"],
    ],
  ])("%s", (_title, situation, expected) => {
    const steps = times(situation).filter((step) => !/^(\w+)-\1 /.test(step));
    expect(steps).toEqual(expected);
  });
});

it("is said in text and in Markdown", () => {
  const plan = planOf({ live: "standby", policy: { ...NIGHTS, soakMs: HOUR } });
  expect(planText(plan, plainPaint)).toContain(
    "       when      not before Mon 23 November 2026, 21:00 UTC (window)\n",
  );
  expect(planText(plan, plainPaint)).toContain(
    "       when      not before Mon 23 November 2026, 22:00 UTC (soak time)\n",
  );
  const markdown = planMarkdown(plan, { fingerprint: plan.fingerprint });
  expect(markdown).toContain("   - not before Mon 23 November 2026, 21:00 UTC (window)\n");
});

it("moves with the clock where steps come later, which is no other plan", () => {
  const situation: Situation = { live: "standby", policy: { soakMs: HOUR } };
  const later = planOf({ ...situation, now: NOW + MINUTE });
  expect(planDifference(planOf(situation), later)).toEqual([]);
});

function phase(name: Phase, since: string) {
  return { phase: name, since, verified_at: since };
}

/** A second statement of what a window is, from what clocks show every quarter of an hour of two years. */
class Clocks {
  static readonly #from = Date.UTC(2026, 0, 1);
  static readonly tick = 15 * MINUTE;
  static readonly #count = (2 * 366 * DAY) / Clocks.tick;
  /** What the clocks have shown at most until then: set back, they show nothing new. */
  readonly #shown: Float64Array;

  constructor(zone: string) {
    const format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    let most = 0;
    this.#shown = Float64Array.from({ length: Clocks.#count }, (_, index) => {
      most = Math.max(most, Date.parse(`${format.format(this.at(index)).replace(" ", "T")}Z`));
      return most;
    });
  }

  at(index: number): number {
    return Clocks.#from + index * Clocks.tick;
  }

  index(at: number): number {
    return Math.ceil((at - Clocks.#from) / Clocks.tick);
  }

  /** For each tick, whether steps may begin. */
  open({ windows = [], freezes = [] }: Policy): Uint8Array {
    const open = new Uint8Array(Clocks.#count).fill(windows.length === 0 ? 1 : 0);
    for (const window of windows) this.#occurrences(window, open);
    for (const { from, to } of freezes)
      open.fill(0, this.index(Date.parse(from)), this.index(Date.parse(to)));
    return open;
  }

  /** Walks through the ticks: opens when its day first shows `from`, closes when that or the next first shows `to`. */
  #occurrences({ days, from, to }: ChangeWindow, open: Uint8Array): void {
    const wall = (text: string) => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * MINUTE;
    const begin = wall(from);
    const end = wall(to) <= begin ? wall(to) + DAY : wall(to);
    const names = ["sun", ...WEEKDAYS] as const;
    const shown = this.#shown;
    let opens = 0;
    let closes = 0;
    for (let day = Date.UTC(2026, 0, 2); day < Date.UTC(2027, 11, 28); day += DAY) {
      if (!days.some((name) => name === names[new Date(day).getUTCDay()])) continue;
      while ((shown[opens] ?? 0) < day + begin) opens += 1;
      closes = Math.max(closes, opens);
      while ((shown[closes] ?? 0) < day + end) closes += 1;
      open.fill(1, opens, closes);
    }
  }
}

const clock = (part: number) => String(part).padStart(2, "0");
const time = fc
  .integer({ min: 0, max: 95 })
  .map((slot) => `${clock(Math.floor(slot / 4))}:${clock((slot % 4) * 15)}`);
const windowArbitrary = fc
  .record({ days: fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }), from: time, to: time })
  .filter(({ from, to }) => from !== to);
const freezeArbitrary = fc
  .record({ day: fc.integer({ min: 0, max: 500 }), hours: fc.integer({ min: 1, max: 500 }) })
  .map(({ day, hours }) => ({
    from: new Date(Date.UTC(2026, 0, 10) + day * DAY).toISOString(),
    to: new Date(Date.UTC(2026, 0, 10) + day * DAY + hours * HOUR).toISOString(),
    reason: "sale",
  }));
const policies = fc.record({
  windows: fc.array(windowArbitrary, { maxLength: 3 }),
  freezes: fc.array(freezeArbitrary, { maxLength: 3 }),
  soakMs: fc.integer({ min: 0, max: 200 }).map((slots) => slots * Clocks.tick),
});
/** Before, in and after both changes of the clock, and whenever. */
const moments = fc.oneof(
  fc
    .constantFrom(...["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"])
    .chain((day) =>
      fc.integer({ min: -96, max: 192 }).map((slot) => Date.parse(`${day}T00:00:00Z`) + slot * Clocks.tick),
    ),
  fc.integer({ min: 10, max: 360 }).map((day) => Date.UTC(2026, 0, 1) + day * DAY),
);

describe.each(["Europe/Vienna", "America/New_York", "Australia/Lord_Howe"])("a year in %s", (timeZone) => {
  const clocks = new Clocks(timeZone);

  it("has the openings that its clocks show", () => {
    fc.assert(
      fc.property(policies, moments, ({ windows, freezes }, now) => {
        const open = clocks.open({ windows, freezes });
        const naive = open.indexOf(1, clocks.index(now));
        fc.pre(naive >= 0);
        expect(nextOpening({ timeZone, windows, freezes }, now)).toBe(clocks.at(naive));
      }),
      { numRuns: 100 },
    );
  });

  it("is open from then to then, all of it", () => {
    fc.assert(
      fc.property(policies, ({ windows, freezes }) => {
        const open = clocks.open({ windows, freezes });
        const [from, until] = [Date.UTC(2026, 1, 1), Date.UTC(2027, 1, 1)];
        const drawn = new Uint8Array(open.length);
        for (const one of openTimes({ timeZone, windows, freezes }, from, until)) {
          drawn.fill(1, clocks.index(one.from), clocks.index(Math.min(one.until ?? until, until)));
        }
        const part = [clocks.index(from), clocks.index(until)] as const;
        expect(Buffer.compare(drawn.subarray(...part), open.subarray(...part))).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it("has each step at the first moment that soak, windows and freezes leave", () => {
    fc.assert(
      fc.property(policies, moments, (policy, now) => {
        const open = clocks.open(policy);
        const expected: string[] = [];
        let at = now;
        for (const [from, to] of [
          ["standby", "init"],
          ["init", "update_clients"],
          ["update_clients", "update_servers"],
          ["update_servers", "standby"],
        ]) {
          const index = open.indexOf(1, clocks.index(from === "standby" ? at : at + policy.soakMs));
          fc.pre(index >= 0);
          at = clocks.at(index);
          expected.push(`${from}-${to} ${at === now ? "now" : new Date(at).toISOString().slice(0, 16)}`);
        }
        const told = times({ live: "standby", policy: { timeZone, ...policy }, now });
        expect(told.map((step) => step.split(" ").slice(0, 2).join(" "))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
