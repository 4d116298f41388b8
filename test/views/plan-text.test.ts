import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import type { HistoryFacts } from "../../src/rotation/history.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import {
  ago,
  authority,
  CLUSTER,
  component,
  components,
  desired,
  memory,
  NO_OVERRIDES,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";
import {
  blockedInPart,
  finished,
  incomplete,
  overrideEnabled,
  readyAndThenByHand,
  waivedByPullRequest,
} from "./plans.ts";

interface Scene {
  readonly desired: DesiredState;
  readonly observation: ClusterObservation;
  readonly memory?: RotationRecord;
  readonly history?: HistoryFacts;
}

const COMMIT = "3f2a1c9d8e7b6a5f4e3d2c1b0a9f8e7d6c5b4a39";

const lost = components("init").filter(({ name }) => name !== "node2");
const waiver = {
  guard: "roster",
  subject: "node/node2",
  reason: "scrapped, ticket 4711",
  expires: "2026-12-01T00:00:00Z",
};
const hostile = component("node", "\u001b[2J\u001b[H pass\nBlocked.", { phase: "standby", id: "evil" });

const CONSUMERS = ["orders-db", "shop-db"].map((name, index) => ({
  kind: "postgres" as const,
  name,
  address: `db-${index + 1}`,
  serverName: null,
  deadlineMs: null,
}));

const SCENES: Readonly<Record<string, Scene>> = {
  "nothing-to-do": { desired: desired([]), observation: observation("standby") },
  "ready-to-start": { desired: desired([rotation("init")]), observation: observation("standby") },
  "walk-in-one-commit": {
    desired: desired([rotation("standby", { strategy: "walk" })]),
    observation: observation("standby"),
  },
  "point-of-no-return": {
    desired: desired([rotation("standby")]),
    observation: observation("update_servers"),
    memory: memory("update_servers"),
  },
  "blocked-by-a-lost-node": {
    desired: desired([rotation("update_clients")]),
    observation: observation("init", { components: lost }),
    memory: memory("init"),
  },
  "lost-node-waived": {
    desired: desired([rotation("update_clients", { waive: [waiver] })]),
    observation: observation("init", { components: lost }),
    memory: memory("init"),
  },
  "rolling-back": {
    desired: desired([rotation("rollback")]),
    observation: observation("update_clients"),
    memory: memory("update_clients"),
  },
  "as-wanted": {
    desired: desired([rotation("init")]),
    observation: observation("init"),
    memory: memory("init"),
  },
  "undeclared-in-init": { desired: desired([]), observation: observation("init"), memory: memory("init") },
  "deleted-in-init": {
    desired: desired([]),
    observation: observation("init"),
    memory: { ...memory("init"), deleted: COMMIT },
    history: {
      head: COMMIT,
      applied: { commit: COMMIT, at: ago(60) },
      relation: "same",
      why: null,
      deletions: [],
      proposal: false,
    },
  },
  quarantined: {
    desired: desired([rotation("init")]),
    observation: observation("standby"),
    memory: memory("init", {
      state: "rolled_back",
      ended_at: ago(5),
      reason: "not everybody followed to init in time",
    }),
  },
  "foreign-rotation": { desired: desired([]), observation: observation("init") },
  "automatic-mode": {
    desired: desired([rotation("init")]),
    observation: observation("init", {
      authorities: [authority("init", { rotation: { ...authority("init").rotation, mode: "auto" } })],
    }),
    memory: memory("init"),
  },
  "databases-to-be-told": {
    desired: {
      ...desired([
        rotation("update_clients", {
          name: "db-client-2026-11",
          authorities: [{ type: "db_client", retire: [OLD] }],
          acknowledge: [
            {
              step: "db_client/init/trust-both",
              who: "ada@example.com",
              note: "all nine",
              evidence: null,
              at: null,
            },
          ],
        }),
      ]),
      authorities: [
        {
          cluster: CLUSTER,
          type: "db_client",
          source: { file: "db.yaml", line: 1 },
          activeKeys: [OLD],
          maxAgeMs: null,
          trustConsumers: CONSUMERS,
        },
      ],
    },
    observation: observation("init", {
      authorities: [{ ...authority("init"), type: "db_client" }],
      surroundings: {
        peers: [],
        pins: [],
        consumers: [
          {
            authority: "db_client",
            consumer: "orders-db",
            kind: "postgres",
            uses: "neither",
            trusts: { old: "yes", new: "yes" },
            detail: "It asks for client certificates of both.",
          },
          {
            authority: "db_client",
            consumer: "shop-db",
            kind: "postgres",
            uses: "neither",
            trusts: { old: "yes", new: "no" },
            detail: "It asks for client certificates of the old CA.",
          },
        ],
      },
    }),
    memory: { ...memory("init"), name: "db-client-2026-11", authority: "db_client", roster: [] },
  },
  "record-lost": { desired: desired([rotation("update_clients")]), observation: observation("init") },
  "hostile-names": {
    desired: desired([rotation("update_clients")]),
    observation: observation("init", { components: [...components("init"), hostile] }),
    memory: memory("init"),
  },
  "many-laggards": {
    desired: desired([rotation("update_clients")]),
    observation: observation("init", {
      components: [
        ...components("init"),
        ...Array.from({ length: 40 }, (_, index) => component("node", `web${index}`)),
      ],
    }),
    memory: memory("init"),
  },
};

/** What the small world above has no words for. */
const PLANS: Readonly<Record<string, () => Plan>> = {
  "blocked-in-part": blockedInPart,
  finished,
  incomplete,
  "override-enabled": overrideEnabled,
  "waived-by-pull-request": waivedByPullRequest,
  "ready-and-then-by-hand": readyAndThenByHand,
};

/** A command stands on a line of its own, in one piece, so that it can be copied. */
function expectNarrow(text: string): void {
  const lines = text.split("\n").filter((line) => !/^ *(→ )?capstan /.test(line));
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
}

describe("a plan as text", () => {
  it.each(Object.entries(SCENES))("%s", async (name, scene) => {
    const rotations = scene.memory === undefined ? [] : [scene.memory];
    const plan = makePlan({
      overrides: NO_OVERRIDES,
      desired: scene.desired,
      observations: [scene.observation],
      records: [{ format_version: "1.0", cluster: CLUSTER, rotations }],
      commit: COMMIT,
      ...(scene.history === undefined ? {} : { histories: new Map([[CLUSTER, scene.history]]) }),
      now: NOW,
    });
    const text = planText(plan, plainPaint);
    expectNarrow(text);
    await expect(text).toMatchFileSnapshot(`golden/plan-${name}.txt`);
  });

  it.each(Object.entries(PLANS))("%s", async (name, plan) => {
    const text = planText(plan(), plainPaint);
    expectNarrow(text);
    await expect(text).toMatchFileSnapshot(`golden/plan-${name}.txt`);
  });
});
