import type { Forecast } from "../../fleet/forecast/forecast.ts";
import { failingGuards } from "../../planner/startable.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import { PHASES } from "../../rotation/phase.ts";
import type { ClusterPlan, Plan, RotationPlan } from "../../rotation/plan.ts";
import { clusterSteps } from "../../rotation/plan-steps.ts";
import { type ClusterRecord, openRotation, phaseRecord } from "../../rotation/record.ts";
import { seenComponents } from "../live-status.ts";
import type { MetricName, Sample } from "./metric-table.ts";

/** What the numbers about clusters are taken from. */
export interface MetricFacts {
  readonly plan: Plan;
  readonly observations: readonly ClusterObservation[];
  readonly records: readonly ClusterRecord[];
  readonly forecast: Forecast;
  /** Who holds which lock; `null`: that of all clusters. */
  readonly locks: readonly { readonly cluster: string | null; readonly who: string }[];
  /** Clusters whose lock could not be read: of those nothing is told. */
  readonly unknownLocks: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The numbers about all clusters of a plan. */
export function clusterSamples(facts: MetricFacts): readonly Sample[] {
  const { plan, observations, records, now } = facts;
  return [
    sample("capstan_observed_timestamp_seconds", {}, now / 1000),
    ...plan.clusters.flatMap((cluster) => ofPlan(cluster, facts)),
    ...observations.flatMap((observation) => {
      const record = records.find(({ cluster }) => cluster === observation.cluster);
      return ofObservation(observation, record, now);
    }),
    ...dueSamples(facts.forecast),
  ];
}

function sample(name: MetricName, labels: Sample["labels"], value: number): Sample {
  return { name, labels, value };
}

function ofPlan(plan: ClusterPlan, { locks, unknownLocks, records, now }: MetricFacts): readonly Sample[] {
  const { name: cluster, platform, problem, rotations, overrides, drift } = plan;
  const lock = locks.find((held) => held.cluster === cluster || held.cluster === null);
  const holder = lock === undefined ? "" : lock.who;
  const applied = records.find((record) => record.cluster === cluster)?.applied;
  const known = problem === null;
  return [
    sample("capstan_cluster_up", { cluster, platform }, known ? 1 : 0),
    ...(unknownLocks.has(cluster)
      ? []
      : [sample("capstan_lock_held", { cluster, holder }, lock === undefined ? 0 : 1)]),
    ...(applied == null
      ? []
      : [sample("capstan_last_apply_timestamp_seconds", { cluster }, Date.parse(applied.at) / 1000)]),
    ...(known
      ? [
          sample("capstan_cluster_steps", { cluster }, clusterSteps(plan).length),
          sample("capstan_drift_blocked", { cluster }, drift.filter(({ blocks }) => blocks).length),
        ]
      : []),
    ...rotations.flatMap((rotation) => checkSamples(cluster, rotation, now)),
    ...[...rotations, ...overrides].flatMap(({ exercises = [] }) =>
      exercises.map(({ id: subject, authority, state }) =>
        sample("capstan_exercise_open", { cluster, authority, subject }, state === "open" ? 1 : 0),
      ),
    ),
    ...rotations.flatMap(({ name: rotation, steps }) => {
      const failing = steps.filter(({ after }) => after === null).flatMap(failingGuards);
      return [...Map.groupBy(failing, ({ id }) => id)].map(([guard, verdicts]) => {
        const found = verdicts.reduce((sum, { findings }) => sum + Math.max(findings.length, 1), 0);
        return sample("capstan_guard_blocked", { cluster, rotation, guard }, found);
      });
    }),
  ];
}

/** What the record knows of the checks that the CAs of a rotation can break. */
function checkSamples(cluster: string, { name: rotation, checks = [] }: RotationPlan, now: number) {
  return checks.flatMap(({ name: check, state, last, baseline }) => {
    const labels = { cluster, rotation, check };
    const counts = [
      { run: "last", result: last },
      { run: "baseline", result: baseline },
    ].flatMap(({ run, result }) =>
      result === null
        ? []
        : [
            sample("capstan_check_passed", { ...labels, run }, result.passed),
            sample("capstan_check_tried", { ...labels, run }, result.outcome === "not_run" ? 0 : result.of),
          ],
    );
    return [
      sample("capstan_check_current", labels, state === "not_yet" ? 0 : 1),
      ...(last === null
        ? []
        : [sample("capstan_check_age_seconds", labels, (now - Date.parse(last.at)) / 1000)]),
      ...counts,
    ];
  });
}

function ofObservation(
  observation: ClusterObservation,
  record: ClusterRecord | undefined,
  now: number,
): readonly Sample[] {
  const { cluster, authorities, unread } = observation;
  const standings = Map.groupBy(
    seenComponents(observation, now),
    ({ kind, standing }) => `${kind} ${standing}`,
  );
  return [
    ...authorities.flatMap(({ type: authority, rotation }) => {
      const memory = record === undefined ? undefined : openRotation(record, authority);
      const since = phaseRecord(memory, rotation.phase)?.since;
      return [
        ...PHASES.map((phase) =>
          sample("capstan_authority_phase", { cluster, authority, phase }, phase === rotation.phase ? 1 : 0),
        ),
        ...(since === undefined || rotation.state === "standby"
          ? []
          : [
              sample(
                "capstan_authority_phase_seconds",
                { cluster, authority, phase: rotation.phase },
                (now - Date.parse(since)) / 1000,
              ),
            ]),
      ];
    }),
    ...[...standings.values()].flatMap((all) =>
      all
        .slice(0, 1)
        .map(({ kind, standing }) =>
          sample(
            "capstan_components",
            { cluster, kind, standing: standing.replaceAll("-", "_") },
            all.length,
          ),
        ),
    ),
    ...[...new Set(unread.map(({ what }) => what))].map((listing) =>
      sample("capstan_listing_unread", { cluster, listing }, 1),
    ),
  ];
}

/** Of several ends of one subject, as a CA of several keys has, the first one counts. */
function dueSamples({ items, made_at }: Forecast): readonly Sample[] {
  const groups = Map.groupBy(items, ({ kind, cluster, subject }) => JSON.stringify([kind, cluster, subject]));
  return [...groups.values()].flatMap((all) =>
    all
      .slice(0, 1)
      .map(({ kind, cluster, subject, at }) =>
        at === null
          ? sample("capstan_due_unknown", { cluster, kind, subject }, 1)
          : sample(
              "capstan_due_seconds",
              { cluster, kind, subject },
              (Date.parse(at) - Date.parse(made_at)) / 1000,
            ),
      ),
  );
}
