import { type CampaignFacts, campaignOf } from "../fleet/waves.ts";
import { isoTime } from "../iso-time.ts";
import type { Ahead, ClusterObservation } from "../profile/profile.ts";
import { catchUp } from "../record/changes/seen.ts";
import type { DesiredState, RotationResource } from "../resources/model/desired.ts";
import { type HistoryFacts, undeclaredIn } from "../rotation/history.ts";
import type { OverridePlan } from "../rotation/override-plan.ts";
import type {
  ClusterPlan,
  ClusterProblem,
  Drift,
  Plan,
  PlanOutcome,
  ResourcePlace,
  RotationPlan,
} from "../rotation/plan.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { withLearntRows } from "../rotation/renewals.ts";
import { aheadOf } from "./ahead.ts";
import { amongSeveral } from "./among-several.ts";
import { exercisesAtRest } from "./checks.ts";
import { driftOf, historyDrift, undeclaredDrift } from "./drift.ts";
import { inWaveOrder, type TimedCluster } from "./in-wave-order.ts";
import { planRotation, planUndeclared } from "./plan-rotation.ts";
import { goalOf, rotationMeant } from "./rotation-goal.ts";
import { bindingOf, clusterFingerprint, planFingerprint } from "./saved/fingerprint.ts";
import { isBlocked } from "./startable.ts";
import { isEnding } from "./steps.ts";
import { verdictOf } from "./verdict.ts";
import { holdInForce, wavePlan, withOrder } from "./wave-plan.ts";

/**
 * The three inputs of design section 1, and the time: desired (git), live (cluster), record (memory).
 * Clusters that were neither observed nor have a problem are left out.
 */
export interface PlanInput {
  readonly desired: DesiredState;
  readonly observations: readonly ClusterObservation[];
  /** The clusters that were not read, and why. Absent: all were. */
  readonly unread?: readonly UnreadCluster[];
  readonly records: readonly ClusterRecord[];
  /**
   * What `readOverrides` made of the same resources and observations. Absent when nobody looked: then the guard of
   * a CA that could be overridden does not know, and blocks.
   */
  readonly overrides?: ReadonlyMap<string, unknown>;
  readonly commit: string | null;
  /** What git says of the time since the last run, by cluster. Absent when nobody asked: then nothing is deleted. */
  readonly histories?: ReadonlyMap<string, HistoryFacts>;
  /** What was read of the other clusters of campaigns. Absent when nobody looked: then waves hold what they order. */
  readonly campaigns?: CampaignFacts | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A cluster that was not read, with the reason that its plan shows. */
export interface UnreadCluster {
  readonly name: string;
  readonly platform: string;
  readonly problem: ClusterProblem;
}

/** Same inputs, same plan: everything that can be decided is decided here. */
export function makePlan(input: PlanInput): Plan {
  const { desired, observations, unread = [], commit, now } = input;
  const planned = inWaveOrder(
    observations.map((observation) => planCluster(observation, input)),
    desired,
    input.campaigns,
  ).map((cluster) => (desired.clusters.length > 1 ? amongSeveral(cluster) : cluster));
  const fingerprints = new Map(
    bindingOf(desired, observations, planned).clusters.map((binding) => [
      binding.name,
      clusterFingerprint(binding),
    ]),
  );
  const clusters = [
    ...planned.map((cluster) => ({ ...cluster, fingerprint: fingerprints.get(cluster.name) ?? null })),
    ...unread.map((one) => withOrder(unplanned(one), desired, now)),
  ];
  const outcome = outcomeOf(clusters);
  return {
    format_version: "1.1",
    outcome,
    verdict: verdictOf({ outcome, clusters }),
    commit,
    fingerprint: planFingerprint(clusters),
    clusters,
    ...nothingLookedAt(clusters),
  };
}

/** Said in words of its own, as an empty list is easily read as "nothing is wrong". */
function nothingLookedAt(clusters: readonly ClusterPlan[]): Pick<Plan, "nothing_looked_at"> {
  return clusters.length === 0 ? { nothing_looked_at: true } : {};
}

function unplanned({
  name,
  platform,
  problem,
}: Pick<ClusterPlan, "name" | "platform" | "problem">): ClusterPlan {
  return {
    name,
    platform,
    fingerprint: null,
    problem,
    wave: null,
    hold: null,
    rotations: [],
    overrides: [],
    drift: [],
  };
}

function planCluster(
  look: ClusterObservation,
  input: PlanInput,
): TimedCluster<Omit<ClusterPlan, "fingerprint">> {
  const { desired, records, now } = input;
  const { cluster: name } = look;
  const platform = look.profile.name;
  const cluster = desired.clusters.find((resource) => resource.name === name);
  if (cluster === undefined) return { plan: unplanned({ name, platform, problem: null }), times: null };
  const remembered = records.find((candidate) => candidate.cluster === name) ?? emptyRecord(name);
  // As apply has it when it begins: what happened while nobody looked is in it.
  const record = catchUp(remembered, look, isoTime(now));
  const observation = withLearntRows(look, record);
  const authorities = desired.authorities.filter((authority) => authority.cluster === name);
  const reading = input.overrides?.get(name);
  const overridden =
    reading === undefined
      ? undefined
      : observation.profile.overrides?.plan(reading, {
          cluster,
          desired,
          observation,
          record,
          goalOf: (authority) =>
            goalOf(authority, { cluster, desired, record, profile: observation.profile }),
          isDeclared: (type) => rotationMeant(type, { cluster, desired }) !== undefined,
          now,
        });
  const history = input.histories?.get(name) ?? null;
  const declared = desired.rotations.filter((rotation) => rotation.cluster === name);
  const missing = undeclared(record, declared, observation);
  const drift = [
    ...historyDrift(history),
    ...missing.flatMap(([memory]) => undeclaredDrift(memory, history)),
    ...driftOf(name, desired, observation, record, now),
  ];
  const context = {
    cluster,
    observation,
    record,
    authorities,
    declared,
    overrides: overridden?.outlook,
    history,
    now,
  };
  const campaign = (rotation: Pick<RotationResource, "name">) =>
    campaignOf(cluster, rotation, desired, input.campaigns);
  const planned = inTurn(declared, drift, (rotation, ahead) =>
    planRotation(rotation, { ...context, ahead, campaign: campaign(rotation) }),
  );
  const plan = {
    name,
    platform,
    problem: null,
    wave: wavePlan(cluster, desired, planned, campaign, now),
    hold: holdInForce(cluster.hold, now),
    rotations: [
      ...planned,
      ...missing.map(([memory, live]) => planUndeclared(memory, live, { ...context, ahead: [] })),
    ],
    overrides: (overridden?.plans ?? overridesOfNobody(observation, desired)).map((override) => ({
      ...override,
      ...exercisesAtRest(override.authority, observation, record),
      ...placeOf(desired.overrides.find((one) => one.cluster === name && one.type === override.authority)),
    })),
    drift,
    ...placeOf(cluster),
  };
  return { plan, times: context };
}

function placeOf(resource: { readonly source: ResourcePlace } | undefined): {
  readonly source?: ResourcePlace;
} {
  if (resource === undefined) return {};
  const { file, line } = resource.source;
  return { source: { file, line } };
}

/** A run takes the rotations of a cluster one after the other, and each is judged as after those before it. */
function inTurn(
  declared: DesiredState["rotations"],
  drift: readonly Drift[],
  planOne: (rotation: DesiredState["rotations"][number], ahead: readonly Ahead[]) => RotationPlan,
): readonly RotationPlan[] {
  const plans: RotationPlan[] = [];
  const ahead: Ahead[] = [];
  for (const rotation of declared) {
    const plan = planOne(rotation, ahead.slice());
    plans.push(plan);
    const next = aheadOf(plan, drift);
    if (next !== null) ahead.push(next);
  }
  return plans;
}

/** Rotations that the record knows as under way and git no longer declares. */
function undeclared(
  record: ClusterRecord,
  declared: DesiredState["rotations"],
  observation: ClusterObservation,
) {
  return undeclaredIn(record, declared).flatMap((memory) => {
    const live = observation.authorities.find(({ type }) => type === memory.authority);
    if (live === undefined) return [];
    return live.rotation.state === "in_progress" || isEnding({ live, memory })
      ? [[memory, live] as const]
      : [];
  });
}

function outcomeOf(clusters: readonly ClusterPlan[]): PlanOutcome {
  if (clusters.some(({ problem }) => problem !== null)) return "incomplete";
  const blocked = clusters.some(
    ({ rotations, overrides, drift }) =>
      drift.some(({ blocks }) => blocks) ||
      overrides.some((override) => override.blocked) ||
      rotations.some(({ steps }) => steps.some(isBlocked)),
  );
  if (blocked) return "blocked";
  return clusters.some(
    ({ rotations, overrides }) =>
      rotations.some(({ steps }) => steps.length > 0) || overrides.some(({ actions }) => actions.length > 0),
  )
    ? "ready"
    : "no_changes";
}

/** In git for a cluster of a platform that has none. */
function overridesOfNobody(
  { cluster, profile }: ClusterObservation,
  desired: DesiredState,
): readonly OverridePlan[] {
  if (profile.overrides !== null) return [];
  return desired.overrides
    .filter((resource) => resource.cluster === cluster)
    .map(({ type }) => ({
      authority: type,
      managed: true,
      row: "S0",
      situation: "Nothing is known to be overridden.",
      entries: [],
      actions: [],
      due: [],
      findings: [
        {
          severity: "error",
          code: "authority-missing",
          subject: type,
          message: "is overridden in git, and the cluster lists no such CA",
          remedy: "check sub_kind of the resource, and the version of the cluster",
        },
      ],
      blocked: true,
    }));
}
