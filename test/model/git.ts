import type { RotationResource } from "../../src/resources/model/desired.ts";
import type { Deletion, HistoryFacts, HistoryReader, Relation } from "../../src/rotation/history.ts";

/** What git says of the certificates that stand for the keys of a CA. */
export interface Covers {
  /** By the hash of a key. */
  readonly entries: ReadonlyMap<string, "enabled" | "disabled" | "key only">;
  /** Keys of which somebody stated that the certificate is trusted outside. */
  readonly trusted: readonly string[];
}

/** A commit on the one branch: what it wants, and what came before. */
export interface Commit {
  readonly id: string;
  readonly parent: Commit | null;
  readonly rotations: readonly RotationResource[];
  /** `null`: git says nothing of them. */
  readonly covers: Covers | null;
}

/** A repository in memory, whose history is a line. */
export class History {
  #head: Commit = { id: idOf(0), parent: null, rotations: [], covers: null };
  #count = 0;

  get head(): Commit {
    return this.#head;
  }

  commit(rotations: readonly RotationResource[], covers = this.#head.covers): void {
    this.#count += 1;
    this.#head = { id: idOf(this.#count), parent: this.#head, rotations, covers };
  }

  /** As `git revert HEAD`. */
  revert(): void {
    if (this.#head.parent !== null) this.commit(this.#head.parent.rotations, this.#head.parent.covers);
  }

  /** The commit that was `back` commits before. */
  older(back: number): Commit {
    let commit = this.#head;
    for (let left = back; left > 0 && commit.parent !== null; left -= 1) commit = commit.parent;
    return commit;
  }

  /** What git says of a commit that is checked out. */
  readerAt(commit: Commit): HistoryReader {
    return async ({ applied = null }): Promise<HistoryFacts> => ({
      head: commit.id,
      applied,
      relation: applied === null ? null : relationOf(commit, this.#find(applied.commit)),
      why: null,
      deletions: applied === null ? [] : deletionsIn(commit, applied.commit),
      proposal: false,
    });
  }

  #find(id: string): Commit | null {
    let commit: Commit | null = this.#head;
    while (commit !== null && commit.id !== id) commit = commit.parent;
    return commit;
  }
}

function idOf(count: number): string {
  return count.toString(16).padStart(8, "0").repeat(5);
}

export function isBefore(one: Commit, other: Commit): boolean {
  for (let commit = other.parent; commit !== null; commit = commit.parent) if (commit === one) return true;
  return false;
}

function relationOf(commit: Commit, applied: Commit | null): Relation {
  if (applied === null) return "unknown";
  if (commit === applied) return "same";
  return isBefore(applied, commit) ? "descendant" : "older";
}

/** Each commit after the applied one up to this one that takes a rotation out, told by the keys that it retires. */
function deletionsIn(commit: Commit, applied: string): readonly Deletion[] {
  const found: Deletion[] = [];
  for (let at = commit; at.id !== applied && at.parent !== null; at = at.parent) {
    for (const gone of at.parent.rotations) {
      for (const { type, retire } of gone.authorities) {
        const stays = at.rotations.some((one) => retires(one, type, retire));
        if (!stays)
          found.push({ authority: type, retire, commit: at.id, file: `rotations/${gone.name}.yaml` });
      }
    }
  }
  return found;
}

export function retires(rotation: RotationResource, type: string, keys: readonly string[]): boolean {
  return rotation.authorities.some(
    (one) => one.type === type && one.retire.some((key) => keys.includes(key)),
  );
}
