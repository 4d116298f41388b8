import { isoTime } from "../iso-time.ts";
import type { JournalEntry } from "../record/store.ts";
import type { ClusterRun } from "./context.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** What an entry says beside when it was written, by which run, at which commit and about which cluster. */
type Noted = Omit<JournalEntry, "at" | "run" | "commit" | "cluster">;

/** Writes down what this run intends or saw on its cluster; durable when it returns. */
export async function noteInJournal(run: ClusterRun, noted: Noted): Promise<void> {
  const { store, clock, lock, commit, cluster } = run;
  await store.append({
    at: isoTime(clock.now()),
    run: lock.id,
    commit,
    cluster: cluster.name,
    ...noted,
  });
}

/** Writes down what came of one step, by its rotation, CA and edge. */
export async function noteStep(
  run: ClusterRun,
  { rotationName, step: { authority, from, to } }: StepAtHand,
  what: JournalEntry["what"],
  detail: string | null = null,
): Promise<void> {
  await noteInJournal(run, { rotation: rotationName, authority, from, to, what, detail });
}
