import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { AuthorityResource, RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import {
  authority,
  CLUSTER,
  components,
  desired,
  key,
  memory,
  NEW,
  NOW,
  OLD,
  OTHER,
  observation,
  rotation,
} from "../world/host-rotation.ts";

interface Given {
  readonly live?: Phase;
  readonly wanted?: Phase;
  readonly seen?: Partial<ClusterObservation>;
  readonly resource?: Partial<RotationResource>;
  readonly record?: RotationRecord | null;
  readonly authorities?: readonly AuthorityResource[];
  readonly declared?: boolean;
}

function planned({ live = "init", wanted = "update_clients", declared = true, ...given }: Given): Plan {
  const record = given.record === undefined ? memory(live) : given.record;
  return makePlan({
    desired: {
      ...desired(declared ? [rotation(wanted, given.resource)] : []),
      authorities: given.authorities ?? [],
    },
    observations: [observation(live, given.seen)],
    records: record === null ? [] : [{ format_version: "1.0", cluster: CLUSTER, rotations: [record] }],
    commit: null,
    now: NOW,
  });
}

const says = (activeKeys: AuthorityResource["activeKeys"], type = "host"): AuthorityResource => ({
  cluster: CLUSTER,
  type,
  source: { file: "authorities.yaml", line: 1 },
  activeKeys,
  maxAgeMs: null,
  trustConsumers: [],
});
const waiver = {
  guard: "roster",
  subject: "node/node2",
  reason: "scrapped",
  expires: "2100-01-01T00:00:00.000Z",
};
const withoutNode2 = { components: components("init").filter(({ name }) => name !== "node2") };
const finished = {
  live: "standby",
  record: memory("update_servers", { state: "finished", ended_at: "2026-11-20T00:00:00Z" }),
} as const;
const newSigns = { authorities: [authority("standby", { active: [key(NEW)] })] };

describe("one verdict, in JSON as in every form for people", () => {
  it.each<readonly [Plan["verdict"], Given, string]>([
    ["ready", {}, "Ready."],
    ["ready_waived", { seen: withoutNode2, resource: { waive: [waiver] } }, "Ready, by waiver."],
    ["ready_final", { live: "update_servers", wanted: "standby" }, "Ready, to the point of no return."],
    ["blocked", { seen: withoutNode2 }, "Blocked."],
    ["nothing_to_do", { wanted: "init" }, "No changes."],
    [
      "nothing_to_do",
      { ...finished, wanted: "standby", seen: newSigns, authorities: [says([OLD])] },
      "Nothing to do on the cluster.",
    ],
  ])("%s", (verdict, given, sentence) => {
    const plan = planned(given);
    expect(plan.verdict).toBe(verdict);
    expect(planText(plan, plainPaint)).toContain(sentence);
    expect(planMarkdown(plan)).toContain(`**${sentence}`);
  });

  it("nothing to do under drift is an edit that is due in git, with its command", () => {
    const plan = planned({ ...finished, wanted: "standby", seen: newSigns, authorities: [says([OLD])] });
    expect(plan).toMatchObject({ outcome: "no_changes", verdict: "nothing_to_do" });
    for (const text of [planText(plan, plainPaint), planMarkdown(plan)]) {
      expect(text).not.toContain("Live equals desired");
      expect(text).toContain("One edit is due in git.");
      // On a line of its own, to be copied.
      expect(text).toMatch(/^(?: {2}→ )?capstan rotate finish host$/m);
    }
  });
});

describe("a rotation that is over by what git says alone", () => {
  it("is nothing to do only if git is right, and how to tell is said", () => {
    const slip = [{ type: "host", retire: [OTHER] }];
    const plan = planned({
      live: "standby",
      wanted: "standby",
      record: null,
      resource: { authorities: slip },
    });
    expect(plan).toMatchObject({ outcome: "no_changes", verdict: "nothing_to_do" });
    for (const text of [planText(plan, plainPaint), planMarkdown(plan)]) {
      expect(text).not.toContain("No changes");
      const said = text.replaceAll(/\s+/g, " ");
      expect(said).toContain("Nothing to do, if git is right");
      expect(said).toContain("nothing shows that the key to be retired was ever there");
    }
  });
});

describe("blocking drift blocks the plan", () => {
  it("although no step is planned, and although every guard of a step passes", () => {
    const gone = [says([OLD], "okta")];
    expect(planned({ wanted: "init", authorities: gone })).toMatchObject({
      outcome: "blocked",
      verdict: "blocked",
    });
    const going = planned({ authorities: gone });
    expect(going).toMatchObject({ outcome: "blocked", verdict: "blocked" });
    expect(going.clusters[0]?.rotations[0]?.steps[0]?.guards.every(({ outcome }) => outcome === "pass")).toBe(
      true,
    );
  });

  it("but what only asks for an edit in git does not", () => {
    const plan = planned({ ...finished, wanted: "standby", seen: newSigns, authorities: [says([OLD])] });
    expect(plan.clusters[0]?.drift.map(({ blocks }) => blocks)).toEqual([false]);
    expect(plan.outcome).toBe("no_changes");
  });
});
