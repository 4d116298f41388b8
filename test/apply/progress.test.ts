import { expect, it } from "vitest";
import { probesOf } from "../../src/apply/progress.ts";
import { makePlan } from "../../src/planner/planner.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import {
  authority,
  CLUSTER,
  cluster,
  desired,
  memory,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const CONSUMER = {
  kind: "postgres",
  name: "pg",
  address: "db-1",
  serverName: null,
  deadlineMs: null,
} as const;

it("probes have nothing to wait for at the end of a rollback: the old CA is what is wanted", () => {
  const resource = rotation("rollback", { authorities: [{ type: "db_client", retire: [OLD] }] });
  const wanted = {
    ...desired([resource]),
    authorities: [
      {
        cluster: CLUSTER,
        type: "db_client",
        source: { file: "db.yaml", line: 1 },
        activeKeys: [OLD],
        maxAgeMs: null,
        trustConsumers: [CONSUMER],
      },
    ],
  };
  const record = {
    ...emptyRecord(CLUSTER),
    rotations: [{ ...memory("rollback"), authority: "db_client", roster: [] }],
  };
  const live = observation("rollback", { authorities: [{ ...authority("rollback"), type: "db_client" }] });
  const [step] =
    makePlan({ desired: wanted, observations: [live], records: [record], commit: null, now: NOW }).clusters[0]
      ?.rotations[0]?.steps ?? [];
  expect(step).toMatchObject({ from: "rollback", to: "standby" });
  const context = { desired: wanted, clock: { monotonic: () => 0, now: () => NOW, sleep: async () => {} } };
  const asked = { cluster: cluster(), authority: "db_client", resource, record };
  expect(probesOf(context, asked, live, "standby").probes).toHaveLength(1);
  expect(probesOf(context, { ...asked, ...(step && { step }) }, live, "standby")).toEqual({});
});
