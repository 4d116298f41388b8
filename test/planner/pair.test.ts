import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import type { LiveAuthority } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import {
  ago,
  authority,
  CLUSTER,
  desired,
  memory,
  NO_OVERRIDES,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const PAIR = { authorities: ["db", "db_client"].map((type) => ({ type, retire: [OLD] })) };
const STATED = [
  "db/init/reissue-server-certificates",
  "db/update_clients/test-connection",
  "db_client/init/trust-both",
  "db_client/update_clients/test-connection",
].map((step) => ({ step, who: "ada", note: null, evidence: null, at: null }));

/** What people can have stated by now. */
function statedBy(halves: readonly (readonly [string, Half])[]) {
  const order: readonly string[] = ["standby", "init", "update_clients", "update_servers", "rollback"];
  return STATED.filter(({ step }) => {
    const [type, phase] = step.split("/");
    const half = halves.find(([name]) => name === type)?.[1];
    return order.indexOf(phase ?? "") <= order.indexOf(half?.phase ?? "");
  });
}

interface Half {
  readonly phase: Phase;
  readonly record?: Partial<RotationRecord>;
}

function plan(wanted: Phase, db: Half, client: Half, strategy: "step" | "walk" = "step") {
  const halves = [
    ["db", db],
    ["db_client", client],
  ] as const;
  const authorities: LiveAuthority[] = halves.map(([type, { phase }]) => ({ ...authority(phase), type }));
  const rotations = halves.flatMap(([type, { phase, record }]) =>
    phase === "standby" && record === undefined ? [] : [{ ...memory(phase), authority: type, ...record }],
  );
  const made = makePlan({
    overrides: NO_OVERRIDES,
    desired: desired([rotation(wanted, { ...PAIR, acknowledge: statedBy(halves), strategy })]),
    observations: [observation("standby", { authorities })],
    records: [{ format_version: "1.0", cluster: CLUSTER, rotations }],
    commit: null,
    now: NOW,
  });
  const [planned] = made.clusters[0]?.rotations ?? [];
  return {
    outcome: made.outcome,
    notes: planned?.notes ?? [],
    steps: (planned?.steps ?? []).map(({ authority: type, from, to }) => `${type} ${from}-${to}`),
    planned,
  };
}

const ROLLED_BACK = { state: "rolled_back", ended_at: ago(5), contents: ["content-init"] } as const;

describe("the pair moves as one", () => {
  it.each<[string, Phase, Half, Half, string, readonly string[]]>([
    [
      "both start, db first",
      "init",
      { phase: "standby" },
      { phase: "standby" },
      "ready",
      ["db standby-init", "db_client standby-init"],
    ],
    [
      "the second is behind",
      "init",
      { phase: "init" },
      { phase: "standby" },
      "ready",
      ["db_client standby-init"],
    ],
    [
      "the second is behind a wish further on: it is refused, and the first waits",
      "update_clients",
      { phase: "init" },
      { phase: "standby" },
      "blocked",
      ["db init-update_clients", "db_client standby-update_clients"],
    ],
    [
      "both go back, whoever came how far",
      "rollback",
      { phase: "update_clients" },
      { phase: "init" },
      "ready",
      [
        "db update_clients-rollback",
        "db_client init-rollback",
        "db rollback-standby",
        "db_client rollback-standby",
      ].toSorted(),
    ],
    [
      "the first was turned back by capstan: the second goes back too",
      "init",
      { phase: "rollback", record: { state: "rolling_back" } },
      { phase: "init" },
      "ready",
      ["db rollback-standby", "db_client init-rollback", "db_client rollback-standby"],
    ],
    [
      "the first was rolled back before the second began: neither starts",
      "init",
      { phase: "standby", record: ROLLED_BACK },
      { phase: "standby" },
      "blocked",
      ["db standby-init", "db_client standby-init"],
    ],
  ])("%s", (_, wanted, db, client, outcome, steps) => {
    const made = plan(wanted, db, client);
    expect(made.steps.toSorted()).toEqual([...steps].toSorted());
    expect([made.outcome, made.steps.length]).toEqual([outcome, steps.length]);
  });

  it("walks phase by phase", () => {
    const { steps, planned } = plan("standby", { phase: "standby" }, { phase: "standby" }, "walk");
    expect(steps).toEqual(
      [
        "standby-init",
        "init-update_clients",
        "update_clients-update_servers",
        "update_servers-standby",
      ].flatMap((edge) => [`db ${edge}`, `db_client ${edge}`]),
    );
    // Only the first of each is judged now; everything else waits for what stands before it.
    expect(planned?.steps.map(({ after }) => after === null)).toEqual([true, true, ...Array(6).fill(false)]);
  });

  it("into rollback comes before out of it", () => {
    const { steps } = plan("rollback", { phase: "update_clients" }, { phase: "init" });
    expect(steps.slice(0, 2)).toEqual(["db update_clients-rollback", "db_client init-rollback"]);
  });

  it("says how they stand when they are apart", () => {
    const { notes } = plan("update_clients", { phase: "update_clients" }, { phase: "init" });
    expect(notes).toContain(
      "they move together and are apart: db is in update_clients, db_client is in init",
    );
  });
});
