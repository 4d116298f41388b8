import type { CheckResult } from "../rotation/check-result.ts";
import type { AppliedCommit, ClusterRecord, Roster } from "../rotation/record.ts";
import { valueWithoutSecrets, withoutSecrets } from "../secrets.ts";
import type { AuthorityBackup, JournalEntry, LockHolder } from "./store.ts";

/**
 * What the stores write, without secrets: both have their texts from here. Texts for people are looked through. What a
 * later run compares with git or with the cluster (names, ids, keys, phases, times, waivers as git has them) stays to
 * the letter, as a record in which `host` was taken for the value of a variable would be lost.
 */
export function recordText(record: ClusterRecord): string {
  return `${JSON.stringify(recordWithoutSecrets(record), null, 2)}\n`;
}

/** One line of the journal. No decision reads it. */
export function entryText(entry: JournalEntry): string {
  const detail = entry.detail === null ? null : withoutSecrets(entry.detail);
  return `${JSON.stringify({ ...entry, detail })}\n`;
}

/** Nothing reads it again but people. */
export function backupText(backup: AuthorityBackup): string {
  const authorities = valueWithoutSecrets(backup.authorities);
  return `${JSON.stringify({ ...backup, authorities }, null, 2)}\n`;
}

/** Anybody who can read the repository can read who holds its locks. */
export function holderWithoutSecrets(holder: LockHolder): LockHolder {
  return valueWithoutSecrets(holder);
}

function recordWithoutSecrets(record: ClusterRecord): ClusterRecord {
  return {
    ...record,
    ...(record.applied == null ? {} : { applied: appliedWithoutSecrets(record.applied) }),
    ...(record.checks === undefined ? {} : { checks: resultsWithoutSecrets(record.checks) }),
    rotations: record.rotations.map((rotation) => ({
      ...rotation,
      reason: rotation.reason === null ? null : withoutSecrets(rotation.reason),
      ...(rotation.baseline === undefined ? {} : { baseline: resultsWithoutSecrets(rotation.baseline) }),
      roster: rotation.roster === null ? null : rosterWithoutSecrets(rotation.roster),
      ...(rotation.backup == null
        ? {}
        : { backup: { ...rotation.backup, where: withoutSecrets(rotation.backup.where) } }),
    })),
  };
}

function rosterWithoutSecrets(roster: Roster): Roster {
  return Array.from(roster, (member) => ({ ...member, name: withoutSecrets(member.name) }));
}

function resultsWithoutSecrets(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.map((result) => ({ ...result, detail: withoutSecrets(result.detail) }));
}

function appliedWithoutSecrets(applied: AppliedCommit): AppliedCommit {
  const { accepted } = applied;
  if (accepted === undefined) return applied;
  return { ...applied, accepted: { ...accepted, reason: withoutSecrets(accepted.reason) } };
}
