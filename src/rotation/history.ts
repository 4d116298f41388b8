import type { Fingerprint } from "./observation.ts";
import type { AppliedCommit, ClusterRecord, RotationRecord } from "./record.ts";

/** How the commit at hand stands to the one that was applied last. `unknown`: nobody could tell. */
export type Relation = "same" | "descendant" | "older" | "diverged" | "unknown";

/** A commit of the first-parent history that takes the resource of a rotation out. */
export interface Deletion {
  readonly authority: string;
  readonly retire: readonly Fingerprint[];
  readonly commit: string;
  /** Where it stood before. */
  readonly file: string;
}

/** What git says of the time between the commit that was applied last and the one at hand, for one cluster. */
export interface HistoryFacts {
  readonly head: string;
  readonly applied: AppliedCommit | null;
  /** `null` where nothing was applied yet. */
  readonly relation: Relation | null;
  /** Why it is unknown. */
  readonly why: string | null;
  readonly deletions: readonly Deletion[];
  /** The commit is a proposal (`--base`): it will be merged before it is applied. */
  readonly proposal: boolean;
}

/** Asks git, for one record and the rotations that the commit at hand declares. */
export type HistoryReader = (record: ClusterRecord, declared: readonly Declared[]) => Promise<HistoryFacts>;

/** As much of a `ca_rotation` as says which rotation it is: its name may change. */
export interface Declared {
  readonly cluster: string;
  readonly authorities: readonly { readonly type: string; readonly retire: readonly Fingerprint[] }[];
}

/** What git says of each of these records, by cluster; empty where there is no git (`null`). */
export async function historiesOf(
  history: HistoryReader | null,
  records: readonly ClusterRecord[],
  declared: readonly Declared[],
): Promise<ReadonlyMap<string, HistoryFacts>> {
  if (history === null) return new Map();
  return new Map(
    await Promise.all(
      records.map(async (record) => [record.cluster, await history(record, declared)] as const),
    ),
  );
}

/** Whether a resource is the one of a rotation in the record: the same keys of the same CA are retired. */
export function declares(
  cluster: string,
  rotation: Declared,
  memory: Pick<RotationRecord, "authority" | "retire">,
): boolean {
  return (
    rotation.cluster === cluster &&
    rotation.authorities.some(
      ({ type, retire }) => type === memory.authority && retire.some((key) => memory.retire.includes(key)),
    )
  );
}

/** Rotations that the record knows as under way and that no resource declares. */
export function undeclaredIn(
  record: ClusterRecord,
  declared: readonly Declared[],
): readonly RotationRecord[] {
  return record.rotations.filter(
    (memory) =>
      memory.ended_at === null && !declared.some((rotation) => declares(record.cluster, rotation, memory)),
  );
}

/** Whether the commit at hand may be applied, by its place in history. */
export type Order =
  | { readonly order: "in-order" }
  | {
      readonly order: "older" | "diverged" | "unknown";
      readonly message: string;
      readonly remedy: string;
    };

/** A commit that was not applied yet may follow, and nothing else: what was reverted since would be applied again. */
export function orderOf({ head, applied, relation, why }: HistoryFacts): Order {
  if (applied === null) return { order: "in-order" };
  const [here, last] = [short(head), short(applied.commit)];
  switch (relation) {
    case null:
    case "same":
    case "descendant":
      return { order: "in-order" };
    case "older":
      return {
        order: "older",
        message: `commit ${here} is older than ${last}, which was applied last (${applied.at})`,
        remedy: "check out the newest commit; to undo what came after, revert it in a commit of its own",
      };
    case "diverged":
      return {
        order: "diverged",
        message: `commit ${here} is neither before nor after ${last}, which was applied last (${applied.at}): the history was rewritten, or this is another branch`,
        remedy:
          "check out the branch that is applied, or bring this one up to date with it; where the history was rewritten on purpose, `capstan apply --accept-history REASON` takes this commit as the new start",
      };
    case "unknown":
      return {
        order: "unknown",
        message: `whether commit ${here} comes after ${last}, which was applied last (${applied.at}), is unknown${why === null ? "" : `: ${why}`}`,
        remedy:
          "give the clone its whole history: `git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`",
      };
  }
}

/** Whether it is proven that git wants a rotation no more: a resource that is not there proves nothing. */
export type Absence =
  | { readonly absence: "deleted"; readonly commit: string | null; readonly file: string | null }
  | { readonly absence: "unproven"; readonly why: string };

/** Of a rotation in the record that no resource at hand declares. Without facts, nobody asked git. */
export function absenceOf(memory: RotationRecord, facts: HistoryFacts | null): Absence {
  // It was decided then, and a killed run goes on backwards and never forwards.
  if (memory.state === "rolling_back")
    return { absence: "deleted", commit: memory.deleted ?? null, file: null };
  if (facts === null) return { absence: "unproven", why: "there is no git history here that could show it" };
  const { applied, relation, head } = facts;
  if (applied === null) {
    return { absence: "unproven", why: "the record does not know which commit was applied last" };
  }
  if (relation !== "same" && relation !== "descendant") {
    const order = orderOf(facts);
    return {
      absence: "unproven",
      why: order.order === "in-order" ? "its history is not known" : order.message,
    };
  }
  const found = facts.deletions.find(
    ({ authority, retire }) =>
      authority === memory.authority && retire.some((key) => memory.retire.includes(key)),
  );
  if (found !== undefined) return { absence: "deleted", commit: found.commit, file: found.file };
  if (memory.deleted != null) return { absence: "deleted", commit: memory.deleted, file: null };
  const restarted = applied.accepted === undefined ? "" : ", a new start that was accepted,";
  return {
    absence: "unproven",
    why: `no commit from ${short(applied.commit)}${restarted} to ${short(head)} deletes it, by first parents`,
  };
}

/** The record once a run at a commit did something, or found nothing to do: what was proven until here is kept. */
export function appliedAt(
  record: ClusterRecord,
  facts: HistoryFacts,
  declared: readonly Declared[],
  at: string,
): ClusterRecord {
  const missing = undeclaredIn(record, declared);
  const rotations = record.rotations.map((memory) => {
    if (memory.ended_at !== null) return memory;
    if (!missing.includes(memory)) return memory.deleted == null ? memory : { ...memory, deleted: null };
    const absence = absenceOf(memory, facts);
    const commit = absence.absence === "deleted" ? absence.commit : null;
    return commit === null || memory.deleted === commit ? memory : { ...memory, deleted: commit };
  });
  const same = record.applied?.commit === facts.head;
  return { ...record, rotations, applied: same ? (record.applied ?? null) : { commit: facts.head, at } };
}

/** The record after a person took another history for right: no proof of the old one holds any more. */
export function restartedAt(
  record: ClusterRecord,
  { head, applied }: HistoryFacts,
  reason: string,
  at: string,
): ClusterRecord {
  return {
    ...record,
    rotations: record.rotations.map((memory) =>
      memory.ended_at !== null || memory.deleted == null ? memory : { ...memory, deleted: null },
    ),
    applied: {
      commit: head,
      at,
      ...(applied === null ? {} : { accepted: { instead_of: applied.commit, reason } }),
    },
  };
}

function short(commit: string): string {
  return commit.slice(0, 12);
}
