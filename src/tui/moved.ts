import { shortener } from "../render/fingerprints.ts";
import type { ClusterPlan, GuardVerdict, Plan, RotationPlan, Step } from "../rotation/plan.ts";
import { seenText, stepTitle } from "./facts.ts";

/**
 * What moved between the plan that a person read and the one of now, as sentences. Empty when what they would
 * approve is the same. Ages and countdowns inside messages tick and are no difference.
 */
export function differences(before: Plan, after: Plan): readonly string[] {
  const found: string[] = [];
  if (before.commit !== after.commit) {
    found.push(`the commit was ${before.commit ?? "none"} and is ${after.commit ?? "none"}`);
  }
  compareLists(found, before.clusters, after.clusters, {
    name: ({ name }) => name,
    label: (cluster) => `cluster ${cluster.name}`,
    compare: compareClusters,
  });
  // Whatever the sentences above do not know of must not slip through.
  if (found.length === 0 && steady(before) !== steady(after)) found.push("details of the plan changed");
  return found;
}

interface Comparison<Item> {
  name(item: Item): string;
  label(item: Item): string;
  compare(found: string[], before: Item, after: Item): void;
}

function compareLists<Item>(
  found: string[],
  before: readonly Item[],
  after: readonly Item[],
  { name, label, compare }: Comparison<Item>,
): void {
  const now = new Map(after.map((item) => [name(item), item]));
  for (const item of before) {
    const twin = now.get(name(item));
    now.delete(name(item));
    if (twin === undefined) found.push(`${label(item)} is not in the plan any more`);
    else compare(found, item, twin);
  }
  for (const item of now.values()) found.push(`${label(item)} is new in the plan`);
}

function compareClusters(found: string[], before: ClusterPlan, after: ClusterPlan): void {
  const where = before.name;
  compareLists(found, before.rotations, after.rotations, {
    name: ({ name }) => name,
    label: ({ name }) => `${where}: rotation ${name}`,
    compare: (list, old, now) => compareRotations(list, where, old, now),
  });
  compareLists(found, before.drift, after.drift, {
    name: ({ id, subject }) => `${id} ${subject}`,
    label: ({ id, subject }) => `${where}: drift ${id} of ${subject}`,
    compare: (list, old, now) => {
      if (old.blocks !== now.blocks) {
        list.push(
          `${where}: drift ${old.id} of ${old.subject} ${now.blocks ? "blocks now" : "no longer blocks"}`,
        );
      }
    },
  });
  if (steady(before.overrides) !== steady(after.overrides)) {
    found.push(`${where}: what changes in the overrides is different`);
  }
}

function compareRotations(found: string[], cluster: string, before: RotationPlan, after: RotationPlan): void {
  const where = `${cluster}: ${before.name}`;
  const shorten = shortener([...before.keys, ...after.keys].map(({ fingerprint }) => fingerprint));
  if (before.live_phase !== after.live_phase) {
    found.push(`${where} was in ${before.live_phase} and is in ${after.live_phase}`);
  }
  if (before.desired_phase !== after.desired_phase) {
    found.push(`${where} was wanted in ${before.desired_phase} and now in ${after.desired_phase}`);
  }
  if (before.standing !== after.standing) {
    found.push(`${where} stood as ${before.standing} and now as ${after.standing}`);
  }
  compareLists(found, before.keys, after.keys, {
    name: ({ authority, fingerprint, protocol }) => `${authority} ${protocol} ${fingerprint}`,
    label: ({ authority, fingerprint }) => `${where}: key ${shorten(fingerprint)} of ${authority}`,
    compare: (list, old, now) => {
      if (old.status === now.status && old.role === now.role) return;
      list.push(
        `${where}: key ${shorten(old.fingerprint)} was ${old.role}, ${old.status} and is ${now.role}, ${now.status}`,
      );
    },
  });
  compareLists(found, before.consumers, after.consumers, {
    name: ({ authority, consumer }) => `${authority} ${consumer}`,
    label: ({ consumer }) => `${where}: consumer ${consumer}`,
    compare: (list, old, now) => {
      if (steady(old) !== steady(now))
        list.push(`${where}: consumer ${old.consumer}: ${seenText(old)}, now ${seenText(now)}`);
    },
  });
  compareLists(found, before.steps, after.steps, {
    name: ({ id }) => id,
    label: (step) => `${where}: step ${stepTitle(step)}`,
    compare: (list, old, now) => compareSteps(list, `${where}: ${stepTitle(old)}`, old, now),
  });
}

function compareSteps(found: string[], where: string, before: Step, after: Step): void {
  compareLists(found, before.guards, after.guards, {
    name: ({ id }) => id,
    label: ({ id }) => `${where}: guard ${id}`,
    compare: (list, old, now) => compareGuards(list, where, old, now),
  });
  for (const { id, state } of after.checklist) {
    const old = before.checklist.find((item) => item.id === id);
    if (old?.state !== state) found.push(`${where}: ${id} is ${state} now`);
  }
}

function compareGuards(found: string[], where: string, before: GuardVerdict, after: GuardVerdict): void {
  if (before.outcome !== after.outcome) {
    found.push(`${where}: guard ${before.id} was ${before.outcome} and is ${after.outcome}`);
  } else if (steady([before.findings, before.waived]) !== steady([after.findings, after.waived])) {
    found.push(`${where}: guard ${before.id} found something else`);
  }
}

/** Numbers after a word tick (`4 minutes`); those within names (`node2`, a hash, a time stamp's date) do not. */
function steady(value: unknown): string {
  return JSON.stringify(value, (field, inner) =>
    (field === "message" || field === "remedy" || field === "detail") && typeof inner === "string"
      ? inner.replaceAll(/(?<=^|\s)\d+(?=\s?(?:s|m|h|seconds?|minutes?|hours?|days?)\b)/g, "#")
      : inner,
  );
}
