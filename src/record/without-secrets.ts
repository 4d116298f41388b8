import type { AppliedCommit } from "../rotation/history.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { valueWithoutSecrets, withoutSecrets } from "../secrets.ts";
import type { AuthorityBackup, JournalEntry, LockHolder } from "./store.ts";

/**
 * What the stores write, without secrets: both go through here, right before the text is made. Texts for people are
 * looked through. What a later run compares with git or with the cluster (names, ids, keys, phases, times, waivers as
 * git has them) stays to the letter, as a record in which `host` was taken for the value of a variable would be lost.
 */
export function recordWithoutSecrets(record: ClusterRecord): ClusterRecord {
  return {
    ...record,
    ...(record.applied == null ? {} : { applied: appliedWithoutSecrets(record.applied) }),
    rotations: record.rotations.map((rotation) => ({
      ...rotation,
      reason: rotation.reason === null ? null : withoutSecrets(rotation.reason),
      roster: rotation.roster?.map((member) => ({ ...member, name: withoutSecrets(member.name) })) ?? null,
      ...(rotation.backup == null
        ? {}
        : { backup: { ...rotation.backup, where: withoutSecrets(rotation.backup.where) } }),
    })),
  };
}

function appliedWithoutSecrets(applied: AppliedCommit): AppliedCommit {
  const { accepted } = applied;
  if (accepted === undefined) return applied;
  return { ...applied, accepted: { ...accepted, reason: withoutSecrets(accepted.reason) } };
}

/** No decision reads the journal. */
export function entryWithoutSecrets(entry: JournalEntry): JournalEntry {
  return { ...entry, detail: entry.detail === null ? null : withoutSecrets(entry.detail) };
}

/** Nothing reads it again but people. */
export function backupWithoutSecrets(backup: AuthorityBackup): AuthorityBackup {
  return { ...backup, authorities: valueWithoutSecrets(backup.authorities) };
}

/** Anybody who can read the repository can read who holds its locks. */
export function holderWithoutSecrets(holder: LockHolder): LockHolder {
  return valueWithoutSecrets(holder);
}
