import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import type { ClusterResource, RotationResource, Wave } from "../../src/resources/model/desired.ts";
import type { ClusterRecord } from "../../src/rotation/record.ts";
import { authority, cluster, desired, memory, NOW, observation, rotation } from "../world/host-rotation.ts";

const HOUR = 3_600_000;
const WAVES: readonly Wave[] = [
  { name: "canary", selector: { ring: "canary" }, pauseMs: null, maxInProgress: null },
  { name: "rest", selector: {}, pauseMs: 24 * HOUR, maxInProgress: null },
];

interface Situation {
  /** Who is planned now: others are on another machine. */
  readonly planned?: readonly string[];
  readonly canary?: Partial<ClusterResource>;
  readonly rest?: Partial<ClusterResource>;
  readonly ofRest?: Partial<RotationResource>;
  readonly records?: readonly ClusterRecord[];
  readonly waves?: readonly Wave[];
}

/** The steps of both clusters, each with its earliest time; NOW is Saturday, 21 November 2026, 12:00 UTC. */
function times({
  planned = ["a-rest", "z-canary"],
  canary,
  rest,
  ofRest,
  records = [],
  waves = WAVES,
}: Situation) {
  const one = (name: string, more: Partial<ClusterResource> = {}) => ({
    ...cluster({ soakMs: HOUR, maxSessionTtlMs: 0 }),
    name,
    ...more,
  });
  const plan = makePlan({
    desired: {
      ...desired([
        rotation("standby", { cluster: "a-rest", strategy: "walk", ...ofRest }),
        rotation("standby", { cluster: "z-canary", strategy: "walk" }),
      ]),
      clusters: [one("a-rest", rest), one("z-canary", { labels: { ring: "canary" }, ...canary })],
      repository: { ...DEFAULT_REPOSITORY, waves },
    },
    observations: planned.map((name) =>
      observation("standby", { cluster: name, authorities: [{ ...authority("standby"), cluster: name }] }),
    ),
    records,
    campaigns: {
      records: new Map(
        ["a-rest", "z-canary"].map((name) => [
          name,
          records.find((record) => record.cluster === name) ?? {
            format_version: "1.0",
            cluster: name,
            rotations: [],
          },
        ]),
      ),
      places: new Map(),
    },
    commit: null,
    now: NOW,
  });
  return Object.fromEntries(
    plan.clusters.map(({ name, rotations }) => [
      name,
      rotations.flatMap(({ steps }) =>
        steps.map(({ to, earliest, earliest_by }) =>
          [to, earliest?.slice(0, 16) ?? "-", ...(earliest_by == null ? [] : [earliest_by])].join(" "),
        ),
      ),
    ]),
  );
}

const CANARY = [
  "init -",
  "update_clients 2026-11-21T13:00 soak",
  "update_servers 2026-11-21T14:00 soak",
  "standby 2026-11-21T15:00 soak",
];

describe("the earliest time of a step in a wave", () => {
  it("is that of the wave before and its pause, phase by phase, whatever the order in git", () => {
    expect(times({})).toEqual({
      "z-canary": CANARY,
      "a-rest": [
        "init 2026-11-22T12:00 wave",
        // An hour in the phase would be enough, were the canary not behind.
        "update_clients 2026-11-22T13:00 soak",
        "update_servers 2026-11-22T14:00 soak",
        "standby 2026-11-22T15:00 soak",
      ],
    });
  });

  it("follows a window of the canary", () => {
    const policy = {
      ...cluster({ soakMs: HOUR, maxSessionTtlMs: 0 }).policy,
      timeZone: "UTC",
      windows: [{ days: ["mon"], from: "22:00", to: "23:00" }],
    } as ClusterResource["policy"];
    const told = times({ canary: { policy } });
    expect(told["z-canary"]?.slice(0, 2)).toEqual([
      "init 2026-11-23T22:00 window",
      "update_clients 2026-11-30T22:00 window",
    ]);
    expect(told["a-rest"]?.slice(0, 2)).toEqual([
      "init 2026-11-24T22:00 wave",
      "update_clients 2026-12-01T22:00 wave",
    ]);
  });

  it("rests on the record of a canary that is not in this plan, and is not known for what that has not verified", () => {
    const verified = "2026-11-21T06:00:00.000Z";
    const entered = (phase: "init" | "update_clients", at: string) => ({
      phase,
      current_id: "x",
      since: at,
      verified_at: at,
    });
    const record: ClusterRecord = {
      format_version: "1.0",
      cluster: "z-canary",
      rotations: [{ ...memory("init"), phases: [entered("init", verified)] }],
    };
    expect(times({ planned: ["a-rest"], records: [record] })["a-rest"]).toEqual([
      "init 2026-11-22T06:00 wave",
      "update_clients -",
      "update_servers -",
      "standby -",
    ]);
  });

  it("is not known behind a canary that went back", () => {
    const record: ClusterRecord = {
      format_version: "1.0",
      cluster: "z-canary",
      rotations: [{ ...memory("init"), state: "rolled_back", ended_at: "2026-11-21T06:00:00.000Z" }],
    };
    expect(times({ planned: ["a-rest"], records: [record] })["a-rest"]?.[0]).toBe("init -");
  });
});

describe("the earliest time of a step that a person holds", () => {
  it("is the end of the hold of a cluster, and of everybody behind it", () => {
    const told = times({ canary: { hold: { reason: "audit", until: "2026-12-18T00:00:00.000Z" } } });
    expect(told["z-canary"]?.slice(0, 2)).toEqual([
      "init 2026-12-18T00:00 hold",
      "update_clients 2026-12-18T01:00 soak",
    ]);
    expect(told["a-rest"]?.[0]).toBe("init 2026-12-19T00:00 wave");
  });

  it("is the end of the hold of the rotation", () => {
    const told = times({
      waves: [],
      ofRest: { hold: { reason: "audit", until: "2026-12-18T00:00:00.000Z" } },
    });
    expect(told["a-rest"]?.[0]).toBe("init 2026-12-18T00:00 hold");
    expect(told["z-canary"]).toEqual(CANARY);
  });

  it("is not known where the hold has no end", () => {
    const told = times({ canary: { hold: { reason: "audit", until: null } } });
    expect(told["z-canary"]).toEqual(["init -", "update_clients -", "update_servers -", "standby -"]);
    expect(told["a-rest"]?.[0]).toBe("init -");
  });

  it("is no matter where the hold is over", () => {
    expect(
      times({ canary: { hold: { reason: "audit", until: "2026-11-20T00:00:00.000Z" } } })["z-canary"],
    ).toEqual(CANARY);
  });
});
