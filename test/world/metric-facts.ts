import { makeForecast } from "../../src/fleet/forecast/make-forecast.ts";
import { makePlan } from "../../src/planner/planner.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { MetricFacts } from "../../src/views/metrics/cluster-samples.ts";
import {
  authority,
  CLUSTER,
  component,
  desired,
  memory,
  NOW,
  observation,
  rotation,
} from "./host-rotation.ts";

/** Whatever a machine or a person could be called: it ends lines, labels and files. */
export const HOSTILE = 'x"} 1\n# EOF\ncapstan_cluster_up{cluster="forged\\';

/** What metrics are made of: a rotation under way that is held, one cluster that cannot be read, hostile names. */
export function metricFacts(live: Phase = "init"): MetricFacts {
  const problem = { code: "executable", message: "tctl did not answer", remedy: "start it" } as const;
  const unread = [{ name: "far.cluster", platform: "teleport", problem }];
  const state = desired([rotation("update_clients")], { soakMs: 24 * 3_600_000 });
  const seen = observation(live, {
    authorities: [authority(live), { ...authority("standby"), type: HOSTILE }],
    components: [
      component("node", "node1", { phase: "standby" }),
      component("node", HOSTILE, { phase: live, currentId: memory(live).current_id }),
    ],
    credentials: {
      ...{ source: "identity-file", path: HOSTILE, problem: null, trusts: [] },
      notAfter: new Date(NOW + 3_600_000).toISOString(),
    },
    unread: [{ what: HOSTILE, problem: "refused" }],
  });
  const record = {
    format_version: "1.0" as const,
    cluster: CLUSTER,
    rotations: [memory(live)],
    applied: { commit: "c0ffee", at: "2026-11-21T10:00:00Z" },
  };
  const made = {
    desired: state,
    observations: [seen],
    unread,
    records: [record],
    commit: "c0ffee",
    now: NOW,
  };
  const plan = makePlan(made);
  return {
    ...made,
    plan,
    forecast: makeForecast({ ...made, plan, clusters: [CLUSTER], overrides: new Map(), withinMs: 0 }),
    unknownLocks: new Set<string>(),
    locks: [{ cluster: CLUSTER, who: `${HOSTILE}@here` }],
  };
}
