import { describe, expect, it } from "vitest";
import { planDifference } from "../../src/planner/saved/plan-difference.ts";
import type { Plan, RotationPlan, Step } from "../../src/rotation/plan.ts";
import { BUSY_PLAN, failing, READY_PLAN, rotation, step } from "../views/tui/sample.ts";

/** The ready plan with one thing changed. */
function changed(change: (rotation: RotationPlan, step: Step) => Partial<RotationPlan>): Plan {
  return {
    ...READY_PLAN,
    clusters: READY_PLAN.clusters.map((cluster) => ({
      ...cluster,
      rotations: cluster.rotations.map((one) => ({ ...one, ...change(one, one.steps[0] as Step) })),
    })),
  };
}

describe("what moved while somebody was reading", () => {
  it("nothing, for equal plans", () => {
    expect(planDifference(READY_PLAN, structuredClone(READY_PLAN))).toEqual([]);
    expect(planDifference(BUSY_PLAN, structuredClone(BUSY_PLAN))).toEqual([]);
  });

  it.each<[string, Plan, string | RegExp]>([
    [
      "the commit",
      { ...READY_PLAN, commit: null },
      "it was made of commit 3f9a1c20d4be77a1c0ffee00aa55d1e2f3b4c5d6, and this is none",
    ],
    [
      "a cluster that is gone",
      { ...READY_PLAN, clusters: [] },
      "acme.cluster was part of the plan, and is not any more",
    ],
    [
      "the live phase",
      changed(() => ({ live_phase: "update_clients" })),
      "acme.cluster host-2026-11: the live phase was init, and is update_clients",
    ],
    [
      "the wanted phase",
      changed(() => ({ desired_phase: "rollback" })),
      "acme.cluster host-2026-11: the phase that git wants was update_clients, and is rollback",
    ],
    [
      "the standing",
      changed(() => ({ standing: "unclear" })),
      "acme.cluster host-2026-11: its standing was in progress, and is unclear",
    ],
    [
      "a key",
      changed(({ keys }) => ({ keys: keys.slice(1) })),
      /^acme\.cluster host-2026-11: the host tls key sha256:9c345ad1.* was active, and is not there any more$/,
    ],
    [
      "a step that is gone",
      changed(() => ({ steps: [] })),
      "acme.cluster host: init → update_clients was planned, and is not any more",
    ],
    [
      "a step that is new",
      changed((_, one) => ({
        steps: [one, step("host-2026-11", "host", { from: "update_clients", to: "update_servers" })],
      })),
      "acme.cluster host: update_clients → update_servers is planned now",
    ],
    [
      "a guard",
      changed((_, one) => ({ steps: [{ ...one, guards: failing("roster", ["node/web-1"]) }] })),
      "acme.cluster host: init → update_clients: roster was pass, and is fail now: node/web-1 is at init, not update_clients",
    ],
    [
      "a waiver that is new",
      changed((_, one) => ({
        steps: [
          {
            ...one,
            guards: one.guards.map((guard) =>
              guard.id === "soak"
                ? {
                    ...guard,
                    waived: [{ subject: "a", message: "b", remedy: "c", reason: "d", expires: "e" }],
                  }
                : guard,
            ),
          },
        ],
      })),
      "acme.cluster host: init → update_clients: soak is still pass, and found something else",
    ],
    [
      "a checklist",
      changed((_, one) => ({
        steps: [
          {
            ...one,
            checklist: [
              {
                id: "host/init/x",
                do: "",
                why: "",
                verify: "",
                commands: [],
                artifacts: [],
                required: true,
                state: "done",
                by: null,
                note: null,
              },
            ],
          },
        ],
      })),
      "acme.cluster host: init → update_clients: host/init/x is done now",
    ],
    [
      "words of a step",
      changed((_, one) => ({ steps: [{ ...one, disrupts: "everything" }] })),
      "details of the plan changed",
    ],
    [
      "a certificate",
      changed(({ keys }) => ({ keys: keys.map((key) => ({ ...key, certificate: null })) })),
      "details of the plan changed",
    ],
  ])("%s", (_, after, sentence) => {
    const expected = typeof sentence === "string" ? sentence : expect.stringMatching(sentence);
    expect(planDifference(READY_PLAN, after)).toContainEqual(expected);
  });

  it.each<[string, string, string, boolean]>([
    ["ages tick", "has not announced itself for 7 minutes", "has not announced itself for 8 minutes", true],
    ["so do countdowns", "12m to go", "11m to go", true],
    ["another phase is another finding", "is at init, not standby", "is at standby, not init", false],
    ["names are no ages", "sees node2", "sees node3", false],
    ["counts are no ages", "2 of 3 keys", "1 of 3 keys", false],
  ])("%s", (_, one, other, same) => {
    const with_ = (message: string) =>
      changed((__, only) => ({
        steps: [
          {
            ...only,
            guards: failing("roster", ["node/web-1"]).map((guard) => ({
              ...guard,
              findings: guard.findings.map((finding) => ({ ...finding, message })),
            })),
          },
        ],
      }));
    expect(planDifference(with_(one), with_(other)).length === 0).toBe(same);
  });

  it("what a probe sees", () => {
    const seen = (uses: "old" | "new") =>
      changed(() => ({
        consumers: [
          {
            authority: "host",
            consumer: "sshd",
            kind: "openssh",
            uses,
            trusts: { old: "yes", new: "unknown" },
            detail: "",
          },
        ],
      }));
    expect(planDifference(seen("old"), seen("new"))).toEqual([
      "acme.cluster host-2026-11: the consumer sshd: uses the old key; trusts old, now uses the new key; trusts old",
    ]);
  });

  it("drift that begins to block", () => {
    const drift = (blocks: boolean): Plan => ({
      ...READY_PLAN,
      clusters: READY_PLAN.clusters.map((cluster) => ({
        ...cluster,
        drift: [{ id: "active-keys", subject: "authority/user", message: "m", remedy: "r", blocks }],
      })),
    });
    expect(planDifference(drift(false), drift(true))).toEqual([
      "acme.cluster: the drift active-keys of authority/user blocks now",
    ]);
    expect(planDifference(READY_PLAN, drift(false))).toEqual(["acme.cluster: authority/user m"]);
  });

  it("another rotation", () => {
    const more: Plan = {
      ...READY_PLAN,
      clusters: READY_PLAN.clusters.map((cluster) => ({
        ...cluster,
        rotations: [...cluster.rotations, rotation("user-2026")],
      })),
    };
    expect(planDifference(READY_PLAN, more)).toContain("acme.cluster: the rotation user-2026 is new");
  });
});
