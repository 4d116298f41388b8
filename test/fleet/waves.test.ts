import { describe, expect, it } from "vitest";
import { campaignOf } from "../../src/fleet/waves.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import type { RotationResource, Wave } from "../../src/resources/model/desired.ts";
import { emptyRecord, type RotationRecord } from "../../src/rotation/record.ts";
import { ago, cluster, memory, NEW, rotation } from "../world/host-rotation.ts";

const CAMPAIGN = "host-2026-11";
const CANARY: Wave = { name: "canary", selector: { ring: "canary" }, pauseMs: null, maxInProgress: null };
const REST: Wave = { name: "rest", selector: {}, pauseMs: null, maxInProgress: null };
const FIRST = { ...cluster(), name: "c1", labels: { ring: "canary" } };
const BEHIND = { ...cluster(), name: "r1", labels: {} };

const ROLLED_BACK = memory("rollback", { state: "rolled_back", ended_at: ago(30), reason: "roster" });
const AGAIN = { name: "host-2026-11-2", started_at: ago(20) };
const FINISHED = memory("update_servers", { ...AGAIN, state: "finished", ended_at: ago(1) });

interface Case {
  /** What the canary's record has. */
  readonly memories: readonly RotationRecord[];
  /** What git declares for the canary. */
  readonly declared: RotationResource | null;
  readonly verified: readonly string[];
  readonly wentBack: string | null;
}

const under = (name: string): RotationResource => rotation("init", { name, cluster: FIRST.name });

const CASES: Readonly<Record<string, Case>> = {
  "rolled back, and nobody has begun anew": {
    memories: [ROLLED_BACK],
    declared: null,
    verified: [],
    wentBack: "was rolled back (roster)",
  },
  "rolled back, and to be started again under another name": {
    memories: [ROLLED_BACK],
    declared: under(AGAIN.name),
    verified: [],
    wentBack: "was rolled back (roster)",
  },
  "the same keys again, under another name": {
    memories: [ROLLED_BACK, memory("init", AGAIN)],
    declared: under(AGAIN.name),
    verified: ["init"],
    wentBack: null,
  },
  "and that one ended, and its file is gone": {
    memories: [ROLLED_BACK, FINISHED],
    declared: null,
    verified: ["init", "update_clients", "update_servers", "standby"],
    wentBack: null,
  },
  "and that one went back, too": {
    memories: [ROLLED_BACK, { ...ROLLED_BACK, ...AGAIN, reason: "the second time" }],
    declared: under(AGAIN.name),
    verified: [],
    wentBack: "was rolled back (the second time)",
  },
  "a later rotation of other keys is none of this campaign's": {
    memories: [ROLLED_BACK, { ...FINISHED, retire: [NEW] }],
    declared: null,
    verified: [],
    wentBack: "was rolled back (roster)",
  },
  "what came before the campaign under another name is none of its own": {
    memories: [FINISHED, memory("init")],
    declared: under(CAMPAIGN),
    verified: ["init"],
    wentBack: null,
  },
};

describe("what the wave behind knows of a canary", () => {
  it.each(Object.entries(CASES))("%s", (_, { memories, declared, verified, wentBack }) => {
    const view = campaignOf(
      BEHIND,
      { name: CAMPAIGN },
      {
        clusters: [FIRST, BEHIND],
        authorities: [],
        rotations: declared === null ? [] : [declared],
        overrides: [],
        repository: { ...DEFAULT_REPOSITORY, waves: [CANARY, REST] },
      },
      {
        records: new Map([[FIRST.name, { ...emptyRecord(FIRST.name), rotations: memories }]]),
        places: new Map(),
      },
    );
    expect(view?.before.map((one) => [one.cluster, Object.keys(one.verified), one.wentBack])).toEqual([
      [FIRST.name, verified, wentBack],
    ]);
  });
});
