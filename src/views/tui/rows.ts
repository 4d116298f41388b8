import type { OverridePlan } from "../../rotation/override-plan.ts";
import type { ClusterPlan, Drift, Plan, RotationPlan, Step } from "../../rotation/plan.ts";
import { isRefused } from "./step-verdict.ts";

/** A row of the tree at the left: clusters, their rotations and steps, what drifted, what overrides change. */
export type Row = RowBase &
  (
    | { readonly kind: "cluster" }
    | { readonly kind: "rotation"; readonly rotation: RotationPlan }
    | { readonly kind: "step"; readonly rotation: RotationPlan; readonly step: Step; readonly number: number }
    | { readonly kind: "drift"; readonly drift: Drift }
    | { readonly kind: "override"; readonly override: OverridePlan }
  );

interface RowBase {
  readonly id: string;
  readonly depth: number;
  readonly cluster: ClusterPlan;
  /** `null` where there is nothing to fold. */
  readonly folded: boolean | null;
}

interface TreeView {
  readonly folded: ReadonlySet<string>;
  readonly blockedOnly: boolean;
  readonly list: ListPlace | null;
}

/** Where a person is in the list of clusters. */
export interface ListPlace {
  /** Name of the cluster under the cursor. */
  readonly selected: string;
  /** Name of the one that is looked at; `null`: the list itself is. */
  readonly opened: string | null;
}

/** The rows that are not folded away, from top to bottom. */
export function rowsOf(plan: Plan, { folded, blockedOnly, list }: TreeView): readonly Row[] {
  const cached = cache.get(plan);
  if (cached?.folded === folded && cached.blockedOnly === blockedOnly && cached.list === list)
    return cached.rows;
  const opened = list?.opened ?? null;
  const clusters = plan.clusters
    .filter(({ name }) => opened === null || name === opened)
    .filter((cluster) => !blockedOnly || clusterBlocked(cluster));
  const rows = clusters.flatMap((cluster) => clusterRows(cluster, folded, blockedOnly));
  cache.set(plan, { folded, blockedOnly, list, rows });
  return rows;
}

const cache = new WeakMap<Plan, TreeView & { readonly rows: readonly Row[] }>();

function clusterRows(
  cluster: ClusterPlan,
  folded: ReadonlySet<string>,
  blockedOnly: boolean,
): readonly Row[] {
  const id = idOf("cluster", cluster.name);
  const { rotations, drift, overrides } = cluster;
  const empty = rotations.length + drift.length + overrides.length === 0;
  const head: Row = { kind: "cluster", id, depth: 0, cluster, folded: empty ? null : folded.has(id) };
  if (empty || head.folded === true) return [head];
  return [
    head,
    ...drift
      .filter(({ blocks }) => blocks || !blockedOnly)
      .map((item, index) => ({
        kind: "drift" as const,
        id: idOf("drift", cluster.name, index),
        depth: 1,
        cluster,
        folded: null,
        drift: item,
      })),
    ...rotations
      .filter((rotation) => !blockedOnly || rotation.steps.some(isRefused))
      .flatMap((rotation) => rotationRows(cluster, rotation, folded, blockedOnly)),
    ...overrides
      .filter(({ blocked }) => blocked || !blockedOnly)
      .map((override, index) => ({
        kind: "override" as const,
        id: idOf("override", cluster.name, index),
        depth: 1,
        cluster,
        folded: null,
        override,
      })),
  ];
}

function rotationRows(
  cluster: ClusterPlan,
  rotation: RotationPlan,
  folded: ReadonlySet<string>,
  blockedOnly: boolean,
): readonly Row[] {
  const id = idOf("rotation", cluster.name, rotation.name);
  const closed = rotation.steps.length === 0 ? null : folded.has(id);
  const head: Row = { kind: "rotation", id, depth: 1, cluster, rotation, folded: closed };
  if (closed !== false) return [head];
  const steps = rotation.steps.map((step, index) => ({
    kind: "step" as const,
    id: idOf("step", cluster.name, step.id),
    depth: 2,
    cluster,
    rotation,
    step,
    number: index + 1,
    folded: null,
  }));
  return [head, ...steps.filter(({ step }) => !blockedOnly || isRefused(step))];
}

function clusterBlocked({ drift, rotations, overrides, problem }: ClusterPlan): boolean {
  return (
    problem !== null ||
    drift.some(({ blocks }) => blocks) ||
    rotations.some(({ steps }) => steps.some(isRefused)) ||
    overrides.some(({ blocked }) => blocked)
  );
}

function idOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts);
}

/** The head of a cluster, whatever is folded. */
export function clusterHead(plan: Plan, name: string): Row | undefined {
  const cluster = plan.clusters.find((one) => one.name === name);
  return cluster === undefined ? undefined : clusterRows(cluster, NOTHING, false)[0];
}

/** Where a review begins: at what blocks, else at the first thing to do, else at the top. */
export function firstRow(plan: Plan, list: ListPlace | null): string {
  const rows = rowsOf(plan, { folded: NOTHING, blockedOnly: false, list });
  const blocking = rows.find(
    (row) =>
      (row.kind === "step" && isRefused(row.step)) ||
      (row.kind === "drift" && row.drift.blocks) ||
      (row.kind === "override" && row.override.blocked),
  );
  const first =
    rows.find(({ kind }) => kind === "step") ??
    rows.find((row) => row.kind === "override" && row.override.actions.length > 0);
  return (blocking ?? first ?? rows[0])?.id ?? "";
}

const NOTHING: ReadonlySet<string> = new Set();

/** The row above in the tree: what a fold of a step folds. */
export function parentOf(rows: readonly Row[], index: number): number {
  const depth = rows[index]?.depth ?? 0;
  return rows.findLastIndex((row, place) => place < index && row.depth < depth);
}
