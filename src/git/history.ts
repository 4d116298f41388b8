import { type HistoryFacts, type HistoryReader, type Relation, undeclaredIn } from "../rotation/history.ts";
import { isAncestor } from "./commits.ts";
import { fetchUntil, isShallow } from "./deepen.ts";
import { deletionsBetween } from "./deletions.ts";
import type { Git } from "./git.ts";
import type { Repository } from "./repository.ts";

interface Told {
  readonly relation: Relation;
  readonly why: string | null;
}

/**
 * Tells how a commit stands to those that were applied last, and what was deleted in between. A clone that cannot tell
 * is given more of its history from the remote, by the run's own credentials.
 */
export function historyReader(
  repository: Repository,
  head: string,
  { remote, proposal }: { readonly remote: string; readonly proposal: boolean },
): HistoryReader {
  const asked = new Map<string, Promise<Told>>();
  const related = (applied: string): Promise<Told> => {
    const known = asked.get(applied) ?? relate(repository.git, applied, head, remote);
    asked.set(applied, known);
    return known;
  };
  return async (record, declared) => {
    const applied = record.applied ?? null;
    const facts: HistoryFacts = { head, applied, relation: null, why: null, deletions: [], proposal };
    if (applied === null) return facts;
    const told = await related(applied.commit);
    const missing = undeclaredIn(record, declared);
    const isAsked = missing.length > 0 && told.relation === "descendant";
    const span = { from: applied.commit, to: head };
    const deletions = isAsked
      ? await deletionsBetween(repository, span, { cluster: record.cluster, missing })
      : [];
    return { ...facts, ...told, deletions };
  };
}

/** How a commit stands to one that was applied, as far as the clone and its remote can tell. */
export async function relate(git: Git, applied: string, head: string, remote: string): Promise<Told> {
  if (applied === head) return { relation: "same", why: null };
  const first = await relateHere(git, applied, head);
  if (first !== null) return { relation: first, why: null };
  const problem = await fetchUntil(
    git,
    remote,
    applied,
    head,
    async () => (await relateHere(git, applied, head)) !== null,
  );
  const then = await relateHere(git, applied, head);
  if (then !== null) return { relation: then, why: null };
  if (problem !== null) return { relation: "unknown", why: problem };
  // All of the history is at hand, or the remote has no more of it: the commit is not in it.
  return { relation: "diverged", why: null };
}

/** By what the clone has. `null`: it has too little to tell. */
async function relateHere(git: Git, applied: string, head: string): Promise<Relation | null> {
  const isBehind = await isAncestor(git, applied, head);
  if (isBehind === null) return null;
  // A yes holds in a shallow clone, too; a no does not.
  if (isBehind) return "descendant";
  if (await isAncestor(git, head, applied)) return "older";
  return (await isShallow(git)) ? null : "diverged";
}
