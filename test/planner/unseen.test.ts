import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import type { AuthorityResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import {
  authority,
  CLUSTER,
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

const inGit = (activeKeys: AuthorityResource["activeKeys"]): AuthorityResource => ({
  cluster: CLUSTER,
  type: "host",
  source: { file: "authorities.yaml", line: 1 },
  activeKeys,
  maxAgeMs: null,
  trustConsumers: [],
});
const finished = authority("standby", { active: [key(NEW)] });
const user = authority("standby", { type: "user", active: [key(OTHER)] });

function planned({
  retire,
  phase,
  live = finished,
  active = [NEW],
  record = null,
}: {
  readonly retire: typeof OLD;
  readonly phase: Phase;
  readonly live?: typeof finished;
  readonly active?: AuthorityResource["activeKeys"];
  readonly record?: ReturnType<typeof memory> | null;
}) {
  const plan = makePlan({
    desired: {
      ...desired([rotation(phase, { authorities: [{ type: "host", retire: [retire] }] })]),
      authorities: [inGit(active)],
    },
    observations: [observation("standby", { authorities: [live, user] })],
    records:
      record === null ? [] : [{ format_version: "1.0" as const, cluster: CLUSTER, rotations: [record] }],
    commit: null,
    now: NOW,
  });
  const [found] = plan.clusters[0]?.rotations ?? [];
  return { outcome: plan.outcome, standing: found?.standing, rotation: found };
}

describe("a key to be retired that is not among the keys of the CA", () => {
  it("and that nobody ever saw there is no finished rotation, but a slip", () => {
    const plan = planned({ retire: `sha256:${"0b".repeat(32)}`, phase: "update_servers" });
    expect(plan).toMatchObject({ outcome: "blocked", standing: "unclear" });
    const [finding] = plan.rotation?.steps[0]?.guards[0]?.findings ?? [];
    expect(finding?.message).toContain("was never seen in the host CA");
    expect(finding?.remedy).toContain("correct `retire` or `type`");
  });

  it("names the CA that has it", () => {
    const plan = planned({ retire: OTHER, phase: "init" });
    expect(plan.outcome).toBe("blocked");
    expect(plan.rotation?.steps[0]?.guards[0]?.findings[0]?.message).toContain("user has it");
  });

  it.each([
    ["git still says that it signs", { phase: "update_servers", active: [OLD] }],
    [
      "the record knows it",
      {
        phase: "update_servers",
        record: memory("update_servers", { state: "finished", ended_at: new Date(NOW).toISOString() }),
      },
    ],
    ["git wants the end, as in a fresh clone of a finished rotation", { phase: "standby" }],
  ] as const)("is finished where %s", (_, given) => {
    expect(planned({ retire: OLD, ...given })).toMatchObject({
      standing: "finished",
      rotation: { steps: [] },
    });
  });

  it("is told with a note at the end of a rotation, where another CA has it", () => {
    const plan = planned({ retire: OTHER, phase: "standby" });
    expect(plan.rotation?.notes.join()).toContain("user has it: if the type is a slip");
  });
});
