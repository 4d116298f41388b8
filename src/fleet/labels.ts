import type { ClusterResource } from "../resources/model/desired.ts";

/** A label that is asked for. */
export interface Label {
  readonly key: string;
  readonly value: string;
}

const SHOWN = 12;

/** What clusters have in the place of labels that none of them has, as a clause: `there are ring=canary (2), …`. */
export function labelsThereAre(
  clusters: readonly Pick<ClusterResource, "labels">[],
  asked: readonly Label[],
): string {
  const all = clusters.flatMap(({ labels }) => Object.entries(labels ?? {}));
  const keys = asked.map(({ key }) => key);
  const near = all.filter(([key]) => keys.includes(key));
  const counts = new Map<string, number>();
  for (const [key, value] of near.length > 0 ? near : all) {
    const label = `${key}=${value}`;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  if (counts.size === 0) return "none of them has a label: add `labels` to the `metadata` of a cluster";
  const told = [...counts]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([label, count]) => `${label} (${count})`);
  const rest = told.length - SHOWN;
  return `there are ${told.slice(0, SHOWN).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
}
