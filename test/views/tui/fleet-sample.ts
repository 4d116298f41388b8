import type { RunEvent } from "../../../src/apply/event.ts";
import type { ClusterPlan, Plan } from "../../../src/rotation/plan.ts";
import { failing, laggards, NOW, planOf, rotation, step } from "./sample.ts";

const EDGE = { from: "init", to: "update_clients" } as const;

type SampleCluster = Pick<ClusterPlan, "name" | "rotations"> & Partial<ClusterPlan>;

/** A made-up fleet: what a list has to tell apart comes again every ten clusters. */
export function fleetOf(count: number): Plan {
  return planOf(Array.from({ length: count }, (_, index) => sampleCluster(index)));
}

function sampleCluster(index: number): SampleCluster {
  const name = `west-${String(index).padStart(3, "0")}.acme.example`;
  const wave = { name: "rest", waits_for: [], until: null };
  const held = (id: "wave" | "hold" | "roster", subjects: readonly string[]) => [
    rotation("host-2026-11", {
      steps: [step("host-2026-11", "host", EDGE, { guards: failing(id, subjects) })],
    }),
  ];
  switch (index % 10) {
    case 0:
      return {
        name,
        wave: { ...wave, name: "canary" },
        rotations: [],
        problem: {
          code: "executable",
          message: "tctl status: no answer within 15s",
          remedy: "see that auth.acme.example:3025 can be reached from here",
        },
      };
    case 1:
      return {
        name,
        wave: { ...wave, name: "canary" },
        rotations: held("roster", ["node/web-1", "node/web-2"]),
      };
    case 2:
      return {
        name,
        wave: { ...wave, waits_for: ["west-000.acme.example"] },
        rotations: held("wave", ["wave/rest"]),
      };
    case 3:
      return {
        name: name.replace("west", "hold"),
        wave,
        hold: { reason: "the audit is on", until: "2026-12-18T00:00:00Z" },
        rotations: held("hold", [`cluster/${name}`]),
      };
    case 4:
      return {
        name,
        wave,
        rotations: [
          rotation("host-2026-11", {
            live_phase: "standby",
            desired_phase: "standby",
            standing: "finished",
            steps: [],
          }),
        ],
      };
    default:
      return { name, wave, rotations: [rotation("host-2026-11")] };
  }
}

/** A run of it, somewhere in the middle: clusters wait, go back, fail, are done; and one is locked by others. */
export function fleetRunOf(plan: Plan): readonly RunEvent[] {
  const at = new Date(NOW).toISOString();
  const whole = { at, clusters_in_git: plan.clusters.length } as const;
  const [since, deadline] = [at, new Date(NOW + 600_000).toISOString()];
  return [
    {
      at,
      type: "cluster-finished",
      cluster: "elsewhere.acme.example",
      outcome: "locked",
      message: "ana@laptop holds the lock since 10:12",
      hint: "wait for it, or ask",
    },
    { ...whole, type: "plan", plan },
    ...plan.clusters.flatMap(({ name: cluster, rotations, problem }, index): readonly RunEvent[] => {
      const one = rotations[0]?.steps[0];
      if (problem !== null) {
        const { message, remedy: hint } = problem;
        return [{ at, type: "cluster-finished", cluster, outcome: "failed", message, hint }];
      }
      if (one === undefined || index % 10 < 5) return [];
      const started = { at, type: "step-started", cluster, rotation: "host-2026-11", step: one } as const;
      const observed = {
        at,
        type: "transition-observed",
        cluster,
        authority: "host",
        phase: "update_clients",
      } as const;
      const progress = [{ kind: "node" as const, ready: 71 + index, total: 300 }];
      const waiting: RunEvent = {
        at,
        type: "waiting",
        cluster,
        authority: "host",
        phase: "update_clients",
        deadline,
        progress,
        laggards: laggards(progress, "init", "update_clients", since),
      };
      const verified = { at, type: "step-verified", cluster, rotation: "host-2026-11", step: one } as const;
      switch (index % 10) {
        case 5:
          return [started, observed, waiting];
        case 6:
          return [
            started,
            { at, type: "transition-requested", cluster, authority: "host", to: "update_clients" },
          ];
        case 7: {
          const message = "everything that was planned is done";
          return [
            started,
            observed,
            verified,
            { at, type: "cluster-finished", cluster, outcome: "applied", message, hint: null },
          ];
        }
        case 8:
          return [
            started,
            observed,
            {
              at,
              type: "rollback-started",
              cluster,
              rotation: "host-2026-11",
              reason: "node/web-3 did not follow",
            },
          ];
        default:
          return [];
      }
    }),
  ];
}
