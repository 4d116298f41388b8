import { isoTime } from "../../iso-time.ts";
import type { UnreadCluster } from "../../planner/planner.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { DesiredState } from "../../resources/model/desired.ts";
import type { Plan } from "../../rotation/plan.ts";
import { type ClusterRecord, emptyRecord } from "../../rotation/record.ts";
import { namingCluster } from "../../rotation/remedy-command.ts";
import { authorityEnds } from "./authority-ends.ts";
import { freezesOf, windowsOf } from "./change-times.ts";
import { type End, itemOf } from "./end.ts";
import { FORECAST_KINDS, type Forecast, type ForecastItem, type ForecastStep } from "./forecast.ts";
import { identityEnd } from "./identity-end.ts";
import { overriddenEnds } from "./overridden-ends.ts";
import { statementEnds } from "./statement-ends.ts";

/** What a forecast is made of: as a plan, and the time that is asked about. */
export interface ForecastInput {
  readonly desired: DesiredState;
  /** The clusters that are asked about. */
  readonly clusters: readonly string[];
  readonly observations: readonly ClusterObservation[];
  readonly unread: readonly UnreadCluster[];
  readonly records: readonly ClusterRecord[];
  /** What the profiles read of the overrides, by cluster. */
  readonly overrides: ReadonlyMap<string, unknown>;
  /** Of the same clusters. */
  readonly plan: Pick<Plan, "clusters">;
  readonly commit: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly withinMs: number;
}

/** Same inputs, same forecast. */
export function makeForecast(input: ForecastInput): Forecast {
  const { desired, observations, unread, commit, now, withinMs } = input;
  const until = now + withinMs;
  const items = observations
    .flatMap((observation) =>
      endsOf(observation, input).map((end) => itemOf(end, observation.cluster, until)),
    )
    .toSorted(soonerFirst);
  const clusters = desired.clusters.filter(({ name }) => input.clusters.includes(name));
  const isDue = items.some(({ due }) => due);
  return {
    format_version: "1.0",
    commit,
    made_at: isoTime(now),
    until: isoTime(until),
    outcome: unread.length > 0 ? "incomplete" : isDue ? "due" : "nothing_due",
    items: desired.clusters.length > 1 ? items.map(amongSeveral) : items,
    steps: stepsOf(input.plan),
    windows: windowsOf(clusters, now, until),
    freezes: freezesOf(clusters, now, until),
    problems: unread.map(({ name, problem }) => ({ cluster: name, ...problem })),
  };
}

/** What to do is about one of several clusters. */
function amongSeveral(item: ForecastItem): ForecastItem {
  return { ...item, remedy: namingCluster(item.remedy, item.cluster) };
}

/** Those that nobody knows the time of come first. */
function stepsOf({ clusters }: Pick<Plan, "clusters">): readonly ForecastStep[] {
  return clusters
    .flatMap(({ name: cluster, rotations }) =>
      rotations.flatMap(({ name: rotation, steps }) =>
        steps.map(({ authority, from, to, earliest = null, earliest_by: by = null }) => ({
          id: `step/${cluster}/${rotation}/${authority}/${to}`,
          ...{ cluster, rotation, authority, from, to, at: earliest, by },
        })),
      ),
    )
    .toSorted((one, other) => (one.at ?? "").localeCompare(other.at ?? ""));
}

function endsOf(observation: ClusterObservation, input: ForecastInput): readonly End[] {
  const { desired, records, overrides, now } = input;
  const { cluster } = observation;
  const record = records.find((one) => one.cluster === cluster) ?? emptyRecord(cluster);
  const authorities = desired.authorities.filter((authority) => authority.cluster === cluster);
  return [
    ...authorityEnds(authorities, observation, record),
    ...overriddenEnds(observation, overrides.get(cluster)),
    ...identityEnd(observation, now),
    ...statementEnds(
      desired,
      cluster,
      input.plan.clusters.find(({ name }) => name === cluster),
      now,
    ),
  ];
}

function soonerFirst(one: ForecastItem, other: ForecastItem): number {
  return (
    (one.at ?? "").localeCompare(other.at ?? "") ||
    FORECAST_KINDS.indexOf(one.kind) - FORECAST_KINDS.indexOf(other.kind) ||
    one.id.localeCompare(other.id)
  );
}
