import type { CheckResult } from "../rotation/check-result.ts";
import type { AppliedCommit, ClusterRecord, RotationRecord } from "../rotation/record.ts";
import { valueWithoutSecrets, withoutSecrets } from "../secrets.ts";
import type { AuthorityBackup, JournalEntry, LockHolder } from "./store.ts";

/**
 * What the stores write, without secrets: both have their texts from here. Texts for people are looked through. What a
 * later run compares with git or with the cluster (names, ids, keys, phases, times, waivers as git has them) stays to
 * the letter, as a record in which `host` was taken for the value of a variable would be lost.
 */
export function recordText(record: ClusterRecord): string {
  return [...recordPieces(record)].join("");
}

/** How many members are one piece of text. */
const MEMBERS_AT_ONCE = 1_000;

/** The same, piece by piece: a roster of a million members is no text of its own. */
export function* recordPieces(record: ClusterRecord): Iterable<string> {
  const clean = recordWithoutSecrets(record);
  const { rotations } = clean;
  const [start, end] = aroundList({ ...clean, rotations: [] }, "rotations");
  yield start;
  for (const [index, rotation] of rotations.entries()) {
    yield index === 0 ? "[\n    " : ",\n    ";
    yield* rotationPieces(rotation);
  }
  yield `${rotations.length === 0 ? "[]" : "\n  ]"}${end}\n`;
}

function* rotationPieces(rotation: RotationRecord): Iterable<string> {
  const { roster } = rotation;
  if (roster === null || roster.length === 0) {
    yield indented(JSON.stringify(rotation, null, 2), 4);
    return;
  }
  const [start, end] = aroundList({ ...rotation, roster: [] }, "roster");
  yield indented(start, 4);
  let texts: string[] = [];
  let separator = "[\n        ";
  for (const { kind, id, name } of roster) {
    const member = { kind, id, name: withoutSecrets(name) };
    texts.push(indented(JSON.stringify(member, null, 2), 8));
    if (texts.length < MEMBERS_AT_ONCE) continue;
    yield separator + texts.join(",\n        ");
    separator = ",\n        ";
    texts = [];
  }
  if (texts.length > 0) yield separator + texts.join(",\n        ");
  yield `\n      ]${indented(end, 4)}`;
}

/** What stands before and after an empty list of the object; a text of JSON has no line end in it. */
function aroundList(value: object, field: string): readonly [start: string, end: string] {
  const text = JSON.stringify(value, null, 2);
  const key = `\n  "${field}": `;
  const at = text.indexOf(`${key}[]`) + key.length;
  return [text.slice(0, at), text.slice(at + 2)];
}

function indented(text: string, spaces: number): string {
  return text.replaceAll("\n", `\n${" ".repeat(spaces)}`);
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
      ...(rotation.backup == null
        ? {}
        : { backup: { ...rotation.backup, where: withoutSecrets(rotation.backup.where) } }),
    })),
  };
}

function resultsWithoutSecrets(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.map((result) => ({ ...result, detail: withoutSecrets(result.detail) }));
}

function appliedWithoutSecrets(applied: AppliedCommit): AppliedCommit {
  const { accepted } = applied;
  if (accepted === undefined) return applied;
  return { ...applied, accepted: { ...accepted, reason: withoutSecrets(accepted.reason) } };
}
