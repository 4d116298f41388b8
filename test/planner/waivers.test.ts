import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import {
  ago,
  CLUSTER,
  components,
  desired,
  memory,
  NOW,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const UNTIL = ago(-60);

/** What the plan of a step out of init says of one waiver: the notes, and what its guards waived. */
function said(
  [guard, subject]: readonly [string, string],
  {
    lost = [],
    wanted = "update_clients",
    expires = UNTIL,
  }: { readonly lost?: readonly string[]; readonly wanted?: Phase; readonly expires?: string } = {},
) {
  const plan = makePlan({
    desired: desired([rotation(wanted, { waive: [{ guard, subject, reason: "scrapped", expires }] })]),
    observations: [
      observation("init", { components: components("init").filter(({ name }) => !lost.includes(name)) }),
    ],
    records: [{ format_version: "1.0", cluster: CLUSTER, rotations: [memory("init")] }],
    commit: null,
    now: NOW,
  });
  const [found] = plan.clusters[0]?.rotations ?? [];
  return {
    notes: found?.notes.filter((note) => note.startsWith("waives ")) ?? [],
    waived: found?.steps.flatMap(({ guards }) => guards.flatMap(({ waived }) => waived)) ?? [],
  };
}

describe("a waiver in a plan", () => {
  it("that is used stands with its guard", () => {
    const { notes, waived } = said(["roster", "node/node2"], { lost: ["node2"] });
    expect(notes).toEqual([]);
    expect(waived.map(({ subject }) => subject)).toEqual(["node/node2"]);
  });

  it.each([
    ["nothing needs now", "roster", "node/node2", "no step that was judged needs it"],
    ["names nobody", "roster", "node/node22", "it matches nothing; did you mean node/node2?"],
    ["names no consumer", "trust-consumers", "consumer/ordesr", "it matches nothing"],
    ["is of a guard that is never waived", "phase-order", "authority/host", "this guard cannot be waived"],
    ["is about what cannot be listed", "version", "version/client", "no step that was judged needs it"],
  ])("that %s is shown", (_, guard, subject, effect) => {
    const { notes } = said([guard, subject], { lost: [] });
    expect(notes).toEqual([
      expect.stringContaining(`waives ${guard} for ${subject} until ${UNTIL} (scrapped)`),
    ]);
    expect(notes[0]).toContain(effect);
  });

  it("is shown where there is no step to take", () => {
    expect(said(["roster", "node/node22"], { wanted: "init" }).notes[0]).toContain("matches nothing");
  });

  it("that has expired is none any more", () => {
    expect(said(["roster", "node/node22"], { expires: ago(1) }).notes).toEqual([]);
  });
});
