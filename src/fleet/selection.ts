import { Failure } from "../failure.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import { nearest } from "../resources/read/suggest.ts";
import { type Label, labelsThereAre } from "./labels.ts";
import { isInShard, parseShard, type Shard, shardOf } from "./shard.ts";

/** Which clusters a command is about: those that fit all of it. */
export interface Selection {
  /** Empty: whatever their names. */
  readonly names: readonly string[];
  readonly labels: readonly Label[];
  /** `null`: this machine does all of them. */
  readonly shard: Shard | null;
}

/** The flags that select, as they were typed. */
export interface SelectionFlags {
  readonly cluster?: readonly string[];
  readonly selector?: readonly string[];
  readonly shard?: string;
}

/** Whether any of them was given. */
export function isSelecting({ cluster = [], selector = [], shard }: SelectionFlags): boolean {
  return cluster.length + selector.length > 0 || shard !== undefined;
}

/** Throws a `Failure` (`usage`) for a selector or a shard that is none. */
export function parseSelection({ cluster = [], selector = [], shard }: SelectionFlags): Selection {
  return {
    names: [...new Set(cluster)],
    labels: selector.map(parseLabel),
    shard: shard === undefined ? null : parseShard(shard),
  };
}

function parseLabel(text: string): Label {
  const at = text.indexOf("=");
  if (at > 0) return { key: text.slice(0, at), value: text.slice(at + 1) };
  throw new Failure("usage", `--selector ${text} is no label`, {
    hint: "write KEY=VALUE, as in `metadata.labels` of a cluster: ring=canary",
  });
}

/** Whether a cluster has all of them. */
export function hasLabels(
  { labels }: Pick<ClusterResource, "labels">,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(labels ?? {}, key) && labels?.[key] === value,
  );
}

/**
 * The clusters that fit, in the order of the repository. Throws a `Failure` (`usage`) that says what there is where a
 * name is nobody's, nothing has the labels, or none that was named is in the shard. That a shard gets none of all, or of
 * those with a label, is no error: another machine has them.
 */
export function selectClusters(
  clusters: readonly ClusterResource[],
  { names, labels, shard }: Selection,
  where: string,
): readonly ClusterResource[] {
  for (const name of names) {
    if (clusters.some((cluster) => cluster.name === name)) continue;
    throw new Failure("usage", `there is no cluster "${name}" in ${where}`, {
      hint: suggestion(name, clusters),
    });
  }
  const named = names.length === 0 ? clusters : clusters.filter(({ name }) => names.includes(name));
  const found = named.filter((cluster) =>
    labels.every(({ key, value }) => hasLabels(cluster, { [key]: value })),
  );
  if (found.length === 0) {
    const asked = labels.map(({ key, value }) => `${key}=${value}`).join(" and ");
    const among = names.length === 0 ? `in ${where}` : `among ${names.join(", ")}`;
    throw new Failure("usage", `no cluster ${among} has the label ${asked}`, {
      hint: labelsThereAre(named, labels),
    });
  }
  if (shard === null) return found;
  const ours = found.filter(({ name }) => isInShard(name, shard));
  if (ours.length === 0 && names.length > 0) throw elsewhere(found, shard);
  return ours;
}

/** Who names a cluster wants it looked at, and this machine would not. */
function elsewhere(clusters: readonly ClusterResource[], { index, of }: Shard): Failure {
  const places = clusters.map(({ name }) => `${name} is in ${shardOf(name, of)}/${of}`);
  const rest = places.length - NAMES_SHOWN;
  const shown = rest <= 1 ? places : [...places.slice(0, NAMES_SHOWN), `${rest} more are in others`];
  return new Failure("usage", `no cluster that is named is in shard ${index}/${of}: ${shown.join(", ")}`, {
    hint: "nothing was looked at; leave out --shard, or give the one that has it",
  });
}

const NAMES_SHOWN = 20;

/** The one that was probably meant; else what there is, of hundreds the first. */
function suggestion(name: string, clusters: readonly ClusterResource[]): string {
  const names = clusters.map((cluster) => cluster.name);
  const near = nearest(name, names);
  if (near !== null) return `did you mean "${near}"?`;
  const rest = names.length - NAMES_SHOWN;
  const shown = rest <= 1 ? names : [...names.slice(0, NAMES_SHOWN), `and ${rest} more`];
  return `there are: ${shown.join(", ")}`;
}
