import { failingGuards } from "../../planner/startable.ts";
import { type ClusterPlan, needsOwnApproval, type Step } from "../../rotation/plan.ts";
import { clusterSteps, stepTitle } from "../../rotation/plan-steps.ts";
import { orderWords } from "./order-words.ts";

/** Clusters are a table where there are more of them than this (design, section 10). */
export const TABLE_ABOVE = 3;

/** One cluster of many, in a line. */
export interface FleetRow {
  readonly cluster: ClusterPlan;
  readonly standing: FleetStanding;
  /** What comes next, as `host: init → update_clients`; empty where nothing is to be done. */
  readonly move: string;
  readonly state: string;
}

/** The worst first; the first three wait for a person. */
const STANDINGS = ["unread", "blocked", "final", "waiting", "ready", "quiet"] as const;

/** How a cluster of many is doing. */
export type FleetStanding = (typeof STANDINGS)[number];

/** Whether somebody has to look at it: all of it is shown then. */
export function needsPerson({ standing }: FleetRow): boolean {
  return STANDINGS.indexOf(standing) <= STANDINGS.indexOf("final");
}

/** Whether all there is to say of it is that nothing is to be done. */
export function isIdle({ standing, cluster }: FleetRow): boolean {
  return standing === "quiet" && cluster.hold === null;
}

/** The clusters as rows, the worst first, those alike in the order of the plan. */
export function fleetRows(clusters: readonly ClusterPlan[]): readonly FleetRow[] {
  return clusters
    .map(rowOf)
    .toSorted((left, right) => STANDINGS.indexOf(left.standing) - STANDINGS.indexOf(right.standing));
}

/** What time and the order of clusters end by themselves. */
const PASSES: readonly string[] = ["soak", "window", "wave", "hold"];

function rowOf(cluster: ClusterPlan): FleetRow {
  if (cluster.problem !== null) {
    return { cluster, standing: "unread", move: "", state: `cannot be read: ${cluster.problem.message}` };
  }
  const steps = clusterSteps(cluster);
  const [next] = steps;
  const move = next === undefined ? "" : stepTitle(next);
  const drift = cluster.drift.find(({ blocks }) => blocks);
  if (drift !== undefined) return { cluster, standing: "blocked", move, state: `blocked by ${drift.id}` };
  if (cluster.overrides.some(({ blocked }) => blocked))
    return { cluster, standing: "blocked", move, state: "blocked by an override" };
  const ids = [...new Set(steps.filter(({ after }) => after === null).flatMap(failingIds))];
  const [first] = ids.filter((id) => !PASSES.includes(id));
  if (cluster.wave?.name === null && next !== undefined)
    return { cluster, standing: "blocked", move, state: "in no wave" };
  if (first !== undefined && next?.awaited !== true)
    return { cluster, standing: "blocked", move, state: `blocked by ${ids.join(", ")}` };
  if (ids.length > 0) return { cluster, standing: "waiting", move, state: waitingFor(cluster, ids) };
  if (next === undefined) return quietOrEntries(cluster);
  if (needsOwnApproval(next)) return { cluster, standing: "final", move, state: "point of no return" };
  return { cluster, standing: "ready", move, state: "ready" };
}

function quietOrEntries(cluster: ClusterPlan): FleetRow {
  const entries = cluster.overrides.some(({ actions }) => actions.length > 0);
  const [order] = cluster.hold === null ? [] : orderWords({ ...cluster, wave: null });
  return entries
    ? { cluster, standing: "ready", move: "override entries", state: "ready" }
    : { cluster, standing: "quiet", move: "", state: order ?? "nothing to do" };
}

function waitingFor(cluster: ClusterPlan, ids: readonly string[]): string {
  const order = ids.includes("hold") ? 0 : ids.includes("wave") ? -1 : null;
  const words = order === null ? undefined : orderWords(cluster).at(order);
  // The wave itself has a column.
  return words?.replace(/^wave [^,]*, /, "") ?? `waits: ${ids.join(", ")}`;
}

function failingIds(step: Step): readonly string[] {
  return failingGuards(step).map(({ id }) => id);
}
