import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import type { RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import {
  ago,
  authority,
  CLUSTER,
  desired,
  key,
  memory,
  NEW,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const SCRAPPED = { guard: "roster", subject: "node/node2", reason: "scrapped", expires: ago(-60) };

function planOf(live: Phase, type: string, wanted: Partial<RotationResource> = {}, isOver = false) {
  const now = authority(live, { type });
  return makePlan({
    desired: desired(
      [
        rotation("standby", {
          strategy: "walk",
          reason: "compromise",
          authorities: [{ type, retire: [OLD] }],
          ...wanted,
        }),
      ],
      { compromiseSoakMs: 0 },
    ),
    observations: [
      observation(live, {
        authorities: [isOver ? { ...now, active: [key(NEW)], trusted: [] } : now],
      }),
    ],
    records:
      live === "standby"
        ? []
        : [{ format_version: "1.0", cluster: CLUSTER, rotations: [memory(live, { authority: type })] }],
    commit: null,
    now: NOW,
  });
}

const notesOf = (...about: Parameters<typeof planOf>) =>
  planOf(...about).clusters[0]?.rotations[0]?.notes ?? [];

describe("the plan of a rotation whose key is in wrong hands", () => {
  it("says who loses access at each step, and nobody else", () => {
    const losses = notesOf("init", "host", { waive: [SCRAPPED] }).filter((note) => note.startsWith("loses"));
    expect(losses).toEqual([
      "loses access of host at update_clients: node/node2 (waived)",
      "loses access of host at update_servers: node/node2 (waived)",
      "loses access of host at standby: node/node2 (waived); whatever else lives by the old key, and capstan cannot see",
    ]);
  });

  it("names sessions of a CA that signs them", () => {
    expect(notesOf("update_servers", "user")).toContain(
      "loses access of user at standby: whoever logged in with the old key, until the next login; whatever else lives by the old key, and capstan cannot see",
    );
  });

  it("says at the end what was seen to refuse the key, and what was not proven", () => {
    const notes = notesOf("standby", "host", {}, true);
    expect(notes).toContain("the old host key is gone from the key sets: seen");
    expect(notes.some((note) => note.startsWith("not proven: "))).toBe(true);
    expect(notes.some((note) => note.startsWith("loses"))).toBe(false);
  });

  it("says nothing of it where a rotation is routine", () => {
    const notes = notesOf("init", "host", { reason: "routine", waive: [SCRAPPED] });
    expect(notes.filter((note) => /loses access|wrong hands|compromise/.test(note))).toEqual([]);
  });

  it("says it in text and in Markdown", () => {
    const plan = planOf("init", "host");
    for (const shown of [planText(plan, plainPaint), planMarkdown(plan)]) {
      expect(shown.replaceAll(/\s+/g, " ").replaceAll("\\", "")).toContain("loses access of host at standby");
    }
  });
});
