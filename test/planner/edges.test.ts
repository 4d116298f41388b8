import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import { isLegalEdge, PHASES, type Phase } from "../../src/rotation/phase.ts";
import { CLUSTER, desired, memory, NOW, observation, rotation } from "../world/host-rotation.ts";

/**
 * What git wants (columns) against what is live (rows), for a rotation that capstan started itself and that
 * everybody follows. `=`: nothing to do; `>`: one step; `!`: refused by the phase order; `<`: two steps back.
 * A live standby is one in which the rotation has not begun, a wanted one its end.
 */
const TABLE: readonly (readonly [Phase, string])[] = [
  //                  standby init update_clients update_servers rollback
  ["standby", "! > ! ! ="],
  ["init", "! = > ! <"],
  ["update_clients", "! ! = > <"],
  ["update_servers", "> ! ! = <"],
  ["rollback", "! ! ! ! <"],
];

const MEANING: Readonly<
  Record<string, { outcome: string; steps: (live: Phase, wanted: Phase) => readonly string[] }>
> = {
  "=": { outcome: "no_changes", steps: () => [] },
  ">": { outcome: "ready", steps: (live, wanted) => [`${live}-${wanted}`] },
  "!": { outcome: "blocked", steps: (live, wanted) => [`${live}-${wanted}`] },
  "<": {
    outcome: "ready",
    steps: (live) => [...(live === "rollback" ? [] : [`${live}-rollback`]), "rollback-standby"],
  },
};

const cells = TABLE.flatMap(([live, row]) =>
  row.split(" ").map((cell, column) => ({ live, wanted: PHASES[column] ?? "standby", cell })),
);

describe("live phase against wanted phase", () => {
  it.each(cells)("live $live, wanted $wanted: $cell", ({ live, wanted, cell }) => {
    const records =
      live === "standby"
        ? []
        : [{ format_version: "1.0" as const, cluster: CLUSTER, rotations: [memory(live)] }];
    const plan = makePlan({
      desired: desired([rotation(wanted)]),
      observations: [observation(live)],
      records,
      commit: null,
      now: NOW,
    });
    const steps = plan.clusters[0]?.rotations[0]?.steps ?? [];
    const meaning = MEANING[cell];
    expect(plan.outcome).toBe(meaning?.outcome);
    expect(steps.map(({ from, to }) => `${from}-${to}`)).toEqual(meaning?.steps(live, wanted));
    if (cell === "!") {
      const [step] = steps;
      expect(step?.guards.find(({ id }) => id === "phase-order")?.outcome).toBe("fail");
      const skips = !isLegalEdge({ from: live, to: wanted });
      expect(step?.disrupts === "nothing, as it is not taken").toBe(skips);
      // Before the start nothing can have been lost.
      if (live === "standby")
        expect(step?.guards.map(({ id, outcome }) => [id, outcome])).not.toContainEqual([
          "roster",
          "unknown",
        ]);
    }
  });
});

describe("a walk of several phases in one commit", () => {
  it("takes every edge in order and judges the first", () => {
    const plan = makePlan({
      desired: desired([rotation("standby", { strategy: "walk" })]),
      observations: [observation("standby")],
      records: [],
      commit: null,
      now: NOW,
    });
    const steps = plan.clusters[0]?.rotations[0]?.steps ?? [];
    expect(steps.map(({ to }) => to)).toEqual(["init", "update_clients", "update_servers", "standby"]);
    expect(steps.map(({ after }) => after)).toEqual([null, ...steps.slice(0, -1).map(({ id }) => id)]);
    expect(steps.at(-1)?.point_of_no_return).toBe(true);
    expect(steps.slice(1).every(({ guards }) => guards.length === 0)).toBe(true);
  });
});
